/**
 * Run by `canaries.test.ts` as root in a network and mount namespace of its own, where every address
 * that commands must not reach is one of this machine's and has a canary. The proxy is the real
 * process, its names come from /etc/hosts. Prints what happened as JSON.
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, get } from "node:http";
import type { Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock as clock } from "@mainstay/sdk/clock";
import { openNetwork } from "../../src/network/network.ts";

const ADDRESSES = {
  loopback: "127.0.0.1",
  loopback6: "::1",
  mapped: "::ffff:127.0.0.1",
  unspecified: "0.0.0.0",
  private: "10.20.30.40",
  private6: "fd12::1",
  metadata: "169.254.169.254",
  metadata6: "fd00:ec2::254",
  carrier: "100.100.100.200",
  own: "203.0.113.9",
};
const PORT = 80;

const base = mkdtempSync(join(tmpdir(), "mainstay-canaries-"));
const hosts_file = join(base, "hosts");
const names = Object.entries(ADDRESSES).map(([name, address]) => `${address} ${name}.example.org`);
writeFileSync(hosts_file, `${names.join("\n")}\n`, { mode: 0o644 });
execFileSync("mount", ["--bind", hosts_file, "/etc/hosts"]);
execFileSync("ip", ["link", "set", "lo", "up"]);
for (const address of Object.values(ADDRESSES)) {
  if (/^(127|0|::)/.test(address)) continue;
  const bits = address.includes(":") ? "/128" : "/32";
  execFileSync("ip", ["addr", "add", `${address}${bits}`, "dev", "lo"]);
}

let hits = 0;
const canary = createServer((_, response) => response.end("song")).on("connection", () => hits++);
await new Promise<void>((resolve) => canary.listen({ port: PORT, host: "::" }, resolve));

const network = openNetwork({
  ...{ run_folder: base, node_path: process.execPath, is_root: true, clock },
});
try {
  const hosts = Object.keys(ADDRESSES).map((name) => ({
    ...{ host: `${name}.example.org`, port: PORT, inside: name.startsWith("private") },
  }));
  const granted = await network.open("w", hosts);
  const socket = join(network.folderOf("w"), granted.socket_name);
  const found: Record<string, unknown> = {};
  for (const [name, address] of Object.entries(ADDRESSES)) {
    const direct = await hitsOf(() => song({ host: address, port: PORT, path: "/" }));
    const host = `${name}.example.org`;
    const asked = { socketPath: socket, path: `http://${host}/`, headers: { host } };
    const dialled = { socketPath: socket, method: "CONNECT", path: `${host}:${PORT}` };
    found[name] = {
      direct,
      get: await hitsOf(() => song(asked)),
      connect: await hitsOf(() => song(dialled)),
    };
  }
  console.log(JSON.stringify({ found, used: await granted.close() }));
} finally {
  network.close();
  canary.closeAllConnections();
  canary.close();
  rmSync(base, { recursive: true });
}

async function hitsOf(act: () => Promise<number>) {
  const before = hits;
  const status = await act();
  return { status, hits: hits - before };
}

/** Resolves with the status. */
function song(options: object): Promise<number> {
  return new Promise((resolve, reject) => {
    get(options)
      .on("response", (answer) => answer.resume().on("end", () => resolve(answer.statusCode!)))
      .on("connect", (answer, stream: Socket) => {
        stream.destroy();
        resolve(answer.statusCode!);
      })
      .on("error", reject);
  });
}
