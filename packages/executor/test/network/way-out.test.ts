/** Commands and their network, through a real executor and a real sandbox. */
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { NOT_LISTED } from "../../src/network/refusal.ts";
import { type Bench, openBench, processesWith, saying } from "../harness.ts";
import { grant } from "./open-world.ts";

const CURL = "curl -sS -o /dev/null -w '%{http_code} %{http_connect}' --max-time 20";
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
  const first = bench.ticket("echo up; sleep 5", { network: { hosts: [] } });
  const up = saying(bench.link(), first.plan.command_id, "up");
  await bench.link().run(first);
  await up;
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

test("the process of the proxies has no privilege, and an end is complete without it", async () => {
  const ticket = bench.ticket(`echo up; sleep 0.5; ${CURL} http://late.example.org/`, {
    network: { hosts: [] },
  });
  const up = saying(bench.link(), ticket.plan.command_id, "up");
  await bench.link().run(ticket);
  await up;
  const [proxy] = processesWith("network/main.ts");
  const status = readFileSync(`/proc/${proxy}/status`, "utf8");
  const uid = process.getuid!();
  expect(status).toMatch(
    uid === 0 ? /^Uid:(\t1879048191){4}$/m : new RegExp(`^Uid:(\\t${uid}){4}$`, "m"),
  );
  expect(status).toMatch(/^CapEff:\t0+$/m);
  if (uid === 0) expect(status).toMatch(/^Groups:\t ?$/m);
  process.kill(proxy!, "SIGKILL");
  const end = await bench.link().wait(ticket.plan.command_id);
  expect(end).toMatchObject({
    outcome: "exited",
    notices: [expect.stringContaining("proxy ended early")],
  });
  const { network } = await bench.exited(`${CURL} http://again.example.org/`, {
    network: { hosts: [] },
  });
  expect(network).toMatchObject([{ host: "again.example.org" }]);
});

test.skipIf(registry === null)(
  "npm installs from the registry that it is configured with, through the list (not run where there is none)",
  async () => {
    const { hostname, href } = registry!;
    const script = `npm config get registry; npm view is-odd version --registry=${href}; ${CURL} ${href}is-odd`;
    const { output, network } = await bench.exited(script, {
      network: { hosts: [grant(hostname)] },
    });
    expect(output).toMatch(/^\d+\.\d+\.\d+$/m);
    expect(output).toContain("200 200");
    expect(network).toMatchObject([
      { host: hostname, port: 443, methods: ["CONNECT"], refused: null },
    ]);
    expect(network[0]!.bytes_down).toBeGreaterThan(1_000);
    const shut = await bench.exited(`npm view is-odd version --registry=${href}`, {
      network: { hosts: [] },
    });
    expect(shut.exit_code).not.toBe(0);
    expect(shut.network).toMatchObject([{ host: hostname, refused: NOT_LISTED }]);
  },
);

/** Where npm gets packages here; null where it cannot be reached. */
function registryOf(): URL | null {
  try {
    const url = execFileSync("npm", ["config", "get", "registry"], { encoding: "utf8" }).trim();
    execFileSync("curl", ["-sS", "-o", "/dev/null", "--max-time", "5", url], { stdio: "ignore" });
    return new URL(url);
  } catch {
    return null;
  }
}

test("the sockets' folder is closed to listing", () => {
  expect(statSync(`${bench.home}/run/net/w`).mode & 0o777).toBe(0o711);
});
