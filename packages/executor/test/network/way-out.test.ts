/** Commands and their network, through a real executor and a real sandbox. */
import { readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { NOT_LISTED } from "../../src/network/refusal.ts";
import { type Bench, openBench, processesWith, saying, statusOf } from "../harness.ts";
import { grant } from "./open-world.ts";
import { registryOf } from "./registry.ts";

const CURL = "curl -sS -o /dev/null -w '%{http_code} %{http_connect}' --max-time 20";
const PROXY_UID = 0x6fffffff;
const registry = registryOf();

let bench: Bench;
beforeAll(async () => {
  bench = await openBench();
});
afterAll(() => bench.close());

test("without a network there is neither a way out nor a word of one", async () => {
  const { output, network } = await bench.exited(
    "env | grep -ci proxy; tail -n +3 /proc/net/dev | cut -d: -f1; [ -S /run/network.sock ] || echo no socket",
  );
  expect(output.split(/\s+/).join(" ")).toBe("0 lo no socket ");
  expect(network).toEqual([]);
});

test("with an empty list nothing is let through, and the end says what was wanted", async () => {
  const { output, network } = await bench.exited(
    `${CURL} https://one.example.org/; ${CURL} http://two.example.org:8080/; ${CURL} http://169.254.169.254/latest`,
    { network: { hosts: [] } },
  );
  expect(output).toContain("000 403");
  expect(output).toContain("403 000");
  expect(network).toMatchObject([
    { host: "one.example.org", port: 443, methods: ["CONNECT"], refused: NOT_LISTED },
    { host: "two.example.org", port: 8080, methods: ["GET"], refused: NOT_LISTED },
    { host: "169.254.169.254", methods: ["GET"], refused: expect.stringContaining("addresses") },
  ]);
});

test("a command sees its own socket alone, and no other way out", async () => {
  const { ticket: first } = await waiting("true");
  const { output } = await bench.exited(
    `ls /run; ls /net ${bench.home}/run 2>&1; tail -n +3 /proc/net/dev | cut -d: -f1; cat /proc/net/route | wc -l`,
    { network: { hosts: [] } },
  );
  expect(output).toContain("network.sock");
  expect(output).toMatch(/ls: cannot access '\/net'/);
  expect(output.split("\n").filter((line) => /^\s*(lo|eth\d|wlan\d)$/.test(line))).toHaveLength(1);
  await bench.link().cancel(first.plan.command_id);
  await bench.link().wait(first.plan.command_id);
  expect(readdirSync(`${bench.home}/run/net/w`)).toEqual([]);
});

test("what carries its connections is within the bounds of the command", async () => {
  const boundsOf = `bounds() { cat $1/oom_score_adj; sed 's/.*) //' $1/stat | cut -d' ' -f17; }`;
  const { output } = await bench.exited(
    `${boundsOf}; bounds /proc/$$; for one in /proc/[0-9]*; do
       [ "$(tr -d '\\0' <$one/cmdline)" = 'mainstay network' ] && bounds $one; done; true`,
    { network: { hosts: [] } },
  );
  expect(output.trim().split("\n")).toEqual(["700", "5", "700", "5"]);
});

test("the process of the proxies has no privilege, and an end is complete without it", async () => {
  const { ticket, go } = await waiting(`${CURL} http://late.example.org/`);
  // Other test files have executors, and those proxies, at the same time.
  const proxy = processesWith("network/main.ts").find((pid) => parentOf(pid) === bench.link().pid);
  const status = statusOf(proxy!);
  const uid = process.getuid!() === 0 ? PROXY_UID : process.getuid!();
  expect(status).toMatch(new RegExp(`^Uid:(\\t${uid}){4}$`, "m"));
  expect(status).toMatch(/^CapEff:\t0+$/m);
  if (uid === PROXY_UID) expect(status).toMatch(/^Groups:\t ?$/m);
  process.kill(proxy!, "SIGKILL");
  go();
  expect(await bench.link().wait(ticket.plan.command_id)).toMatchObject({
    outcome: "exited",
    notices: [expect.stringContaining("proxy ended early")],
  });
  const again = await bench.exited(`${CURL} http://again.example.org/`, { network: { hosts: [] } });
  expect(again).toMatchObject({ notices: [], network: [{ host: "again.example.org" }] });
});

test("a network goes on when the server is another", async () => {
  const { ticket, go } = await waiting(`${CURL} http://later.example.org/`);
  await bench.link().leave();
  await bench.relaunch();
  go();
  expect(await bench.link().wait(ticket.plan.command_id)).toMatchObject({
    network: [{ host: "later.example.org", requests: 1, refused: NOT_LISTED }],
  });
});

test.skipIf(registry === null)(
  "npm installs from the registry that it is configured with, through the list (not run where there is none)",
  async () => {
    const { hostname, href } = registry!;
    const script = `npm init -y >/dev/null && npm install is-odd && node -p 'require("is-odd")(3)'; ${CURL} ${href}is-odd`;
    const { output, network } = await bench.exited(script, {
      network: { hosts: [grant(hostname)] },
      limits: { wall_ms: 100_000, output_bytes: 1 << 16 },
    });
    expect(output).toMatch(/^true$/m);
    expect(output).toContain("200 200");
    expect(network).toMatchObject([
      { host: hostname, port: 443, methods: ["CONNECT"], refused: null },
    ]);
    expect(network[0]!.bytes_down).toBeGreaterThan(1_000);
    // What the workspace's cache has needs no network.
    const shut = await bench.exited(`npm view is-odd version --cache=/tmp/none`, {
      network: { hosts: [] },
    });
    expect(shut).not.toMatchObject({ exit_code: 0 });
    expect(shut.network).toMatchObject([{ host: hostname, refused: NOT_LISTED }]);
  },
);

test("the sockets' folder is closed to listing", () => {
  expect(statSync(`${bench.home}/run/net/w`).mode & 0o777).toBe(0o711);
});

const parentOf = (pid: number) => Number(/^PPid:\t(\d+)$/m.exec(statusOf(pid))?.[1]);

/** Lets a command run that does `script` when it is told to go. */
async function waiting(script: string) {
  rmSync(`${bench.workspace}/go`, { force: true });
  const wait = "echo up; until [ -e go ]; do sleep 0.02; done";
  const ticket = bench.ticket(`${wait}; ${script}`, { network: { hosts: [] } });
  const up = saying(bench.link(), ticket.plan.command_id, "up");
  await bench.link().run(ticket);
  await up;
  return { ticket, go: () => writeFileSync(`${bench.workspace}/go`, "") };
}
