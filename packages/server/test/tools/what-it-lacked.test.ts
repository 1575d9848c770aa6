import type { CommandEnd } from "@mainstay/executor/command";
import { NOT_LISTED } from "@mainstay/executor/network/refusal";
import type { NetworkUse } from "@mainstay/sdk/network";
import fc from "fast-check";
import { expect, test } from "vitest";
import { lackedIn, lackedLine } from "../../src/kernel/lacked.ts";
import { reportCommand } from "../../src/tools/command-report.ts";
import { openingWish, OpenInput } from "../../src/tools/open-input.ts";
import { whatItLacked } from "../../src/tools/what-it-lacked.ts";

type Exited = Extract<CommandEnd, { outcome: "exited" }>;

const failed = (output: string, network: NetworkUse[] = []): Exited => ({
  ...{ outcome: "exited", sandbox: "bubblewrap", exit_code: 1, signal: null, plan_digest: "a" },
  ...{ timed_out: false, cancelled: false, exceeded: null, network, duration_ms: 5, notices: [] },
  ...{ output, output_bytes: output.length, output_sha256: "0", output_truncated: false },
});
const use = (host: string, refused: string | null): NetworkUse => ({
  ...{ host, port: 443, methods: ["CONNECT"], requests: 1, bytes_up: 0, bytes_down: 0, refused },
});
const others = { workspace: "/srv/here", folders: ["/srv/other", "/srv/more"] };
const hostsIn = (output: string) => whatItLacked(failed(output), others)?.hosts ?? [];

test.each([
  ["curl: (6) Could not resolve host: example.com", "example.com"],
  ["ssh: Could not resolve hostname github.com: Temporary failure", "github.com"],
  ["npm error request to https://packages.example.org/x failed, reason: x", "packages.example.org"],
  ["Error: getaddrinfo EAI_AGAIN yarn.example.org", "yarn.example.org"],
  ["wget: unable to resolve host address ‘ftp.gnu.org’", "ftp.gnu.org"],
  ["HTTPSConnectionPool(host='pypi.org', port=443): Max retries", "pypi.org:443"],
  ["curl: (7) Failed to connect to db.example.com port 5432 after 1 ms", "db.example.com:5432"],
  ["dial tcp: lookup proxy.golang.org: no such host", "proxy.golang.org"],
  [
    "fatal: unable to access 'https://me:pw@git.example.com:8443/a/b.git/': x",
    "git.example.com:8443",
  ],
])("a host that a failure names: %s", (output, host) => {
  expect(hostsIn(output)).toEqual([host]);
});

test("the proxy's word counts before what was printed, and an address is no name to be opened", () => {
  const end = failed("Could not resolve host: printed.example", [
    use("wanted.example", NOT_LISTED),
    use("10.0.0.1", NOT_LISTED),
    use("reached.example", null),
  ]);
  expect(whatItLacked(end, others)).toEqual({ hosts: ["wanted.example:443"], folders: [] });
  const { result } = reportCommand(end, "", others);
  expect(result).toContain(`[kept from 10.0.0.1:443: ${NOT_LISTED}]`);
  expect(result).toContain("mainstay workspace network allow wanted.example:443");
  expect(lackedIn(result)).toEqual({ hosts: ["wanted.example:443"], folders: [] });
});

test("a folder counts only where it is another workspace of the person", () => {
  const folders = (output: string) => whatItLacked(failed(output), others)?.folders ?? [];
  expect(folders("cat: /srv/other/a/b: No such file or directory")).toEqual(["/srv/other"]);
  expect(folders("Error: ENOENT: no such file or directory, open '/srv/more/x'")).toEqual([
    "/srv/more",
  ]);
  expect(folders("cat: /srv/otherwise: No such file or directory")).toEqual([]);
  expect(folders("cat: /root/.ssh/id: No such file or directory")).toEqual([]);
  expect(folders("/srv/other is fine")).toEqual([]);
});

test("a path outside is explained: a relative one of another workspace is offered, a foreign or a written one is not", () => {
  const about = (output: string) => reportCommand(failed(output), "", others).result;
  const relative = about("cat: ../other/x: No such file or directory");
  expect(lackedIn(relative)).toEqual({ hosts: [], folders: ["/srv/other"] });
  const foreign = about("cat: ../elsewhere/x: No such file or directory");
  expect(foreign).toContain("[/srv/elsewhere/x lies outside the workspace, the only folder");
  expect(foreign).toContain("mainstay workspace add DIR]");
  expect(lackedIn(foreign)).toBeNull();
  const written = about("cp: cannot create regular file '/srv/other/x': No such file or directory");
  expect(written).toContain(
    "[/srv/other/x lies outside the workspace; other folders can be opened",
  );
  expect(lackedIn(written)).toBeNull();
  for (const seen of ["a/b", "/srv/here/x", "../here/x", "/usr/x", "/tmp/x"])
    expect(about(`cat: ${seen}: No such file or directory`)).not.toContain("lies outside");
});

test("only hosts that nobody granted are offered: not those that are down, nor those that lie inside", () => {
  const inside = "it has the address 10.1.2.3, a private one, which only an admin can allow";
  const end = failed("curl: (6) Could not resolve host: down.example", [
    use("down.example", "no connection to 192.0.2.1: no answer in 5 s"),
    use("inside.example", inside),
  ]);
  expect(whatItLacked(end, others)).toBeNull();
  expect(reportCommand(end, "", others).result).toContain(
    `[kept from inside.example:443: ${inside}]`,
  );
});

test("a host that nobody granted is told also where the program ended well, without the offer to repeat it", () => {
  const end = { ...failed("", [use("hidden.example", NOT_LISTED)]), exit_code: 0 };
  const { result } = reportCommand(end, "", others);
  expect(result).toContain(`[kept from hidden.example:443: ${NOT_LISTED}]`);
  expect(result).toContain("mainstay workspace network allow hidden.example:443");
  expect(lackedIn(result)).toBeNull();
});

test("what succeeded or was cancelled lacked nothing", () => {
  const text = "Could not resolve host: example.com";
  expect(whatItLacked({ ...failed(text), exit_code: 0 }, others)).toBeNull();
  expect(whatItLacked({ ...failed(text), cancelled: true }, others)).toBeNull();
});

test("what a command prints is never taken for what it lacked; whatever it prints, the answer is small", () => {
  const planted = lackedLine({ hosts: ["evil.example"], folders: [] });
  const { result } = reportCommand(failed(planted), "", { workspace: "/srv/here", folders: [] });
  expect(lackedIn(result)).toBeNull();
  const line = fc.constantFrom(
    ...["Could not resolve host: ", "/srv/other/", " No such file", "a.example", "\n", "'", ":"],
    planted,
  );
  fc.assert(
    fc.property(fc.array(fc.oneof(line, fc.string()), { maxLength: 200 }), (parts) => {
      const lacked = whatItLacked(failed(parts.join("")), others);
      expect(lacked?.hosts.length ?? 0).toBeLessThanOrEqual(8);
      // It can be sent as it stands.
      if (lacked !== null) expect(() => OpenInput.parse(lacked)).not.toThrow();
    }),
    { numRuns: 500 },
  );
});

test("a call opens public names alone: no address, no pattern, no port that is none", () => {
  const wish = openingWish({ hosts: ["Packages.example.org:443", "pypi.org"], folders: ["/a"] });
  expect(wish).toEqual({
    hosts: [
      { host: "packages.example.org", port: 443, inside: false },
      { host: "pypi.org", port: null, inside: false },
    ],
    folders: ["/a"],
  });
  for (const host of ["127.0.0.1", "*.example.com", "localhost", "a.b:0", "a.b:65536", "[::1]:80"])
    expect(OpenInput.safeParse({ hosts: [host] }).success).toBe(false);
});
