/** The program that carries connections inside a sandbox, here on this machine's own loopback. */
import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test } from "vitest";
import { forwarderTo } from "../../src/network/inside.ts";
import { processesWith } from "../harness.ts";
import { grant, textOf } from "./open-world.ts";

const IN_USE = /forwarder: port \d+: Address already in use/;
const PROGRAM = fileURLToPath(new URL("../../src/network/forwarder.pl", import.meta.url));

test("bytes arrive whole both ways, of many connections at once, also against the stream", async () => {
  const port = await forwardedTo((socket) => void socket.pipe(socket));
  const sent = randomBytes(2 << 20).toString("base64");
  const heard = await Promise.all(
    Array.from({ length: 40 }, async () => {
      const socket = connect(port, "127.0.0.1");
      socket.end(sent);
      return textOf(socket);
    }),
  );
  expect(heard.every((text) => text === sent)).toBe(true);
});

test("one side may finish before the other", async () => {
  const port = await forwardedTo((socket) => {
    void textOf(socket).then((text) => socket.end(`heard ${text}`));
  });
  const socket = connect({ host: "127.0.0.1", port, allowHalfOpen: true });
  socket.end("all");
  expect(await textOf(socket)).toBe("heard all");
});

test("a side that breaks off ends the other", async () => {
  const ended = Promise.withResolvers<void>();
  const port = await forwardedTo((socket) => {
    socket.resume().once("end", () => ended.resolve());
    socket.end("hello");
  });
  const socket = connect(port, "127.0.0.1");
  socket.once("data", () => socket.resetAndDestroy());
  await ended.promise;
});

test("a port that is taken is told, and nothing is left running", async () => {
  const taken = createServer();
  const port = await listening(taken, { host: "127.0.0.1", port: 0 });
  onTestFinished(() => void taken.close());
  const nowhere = `/nonexistent/${randomBytes(8).toString("hex")}`;
  expect(() => start(port, nowhere)).toThrow(IN_USE);
  expect(processesWith(nowhere)).toEqual([]);
});

/** Resolves with the port that leads to a Unix socket with this listener. */
async function forwardedTo(listener: (socket: Socket) => void): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), "mainstay-forward-"));
  const path = join(folder, "socket");
  const server = createServer({ allowHalfOpen: true }, listener);
  await listening(server, { path });
  const port = await startAnywhere(path);
  onTestFinished(() => {
    for (const pid of processesWith(path)) process.kill(pid, "SIGKILL");
    server.close();
    rmSync(folder, { recursive: true });
  });
  return port;
}

/** Resolves with its port. One that was free a moment ago may be another test's by now. */
async function startAnywhere(socket: string): Promise<number> {
  const probe = createServer();
  const port = await listening(probe, { host: "127.0.0.1", port: 0 });
  await new Promise((resolve) => probe.close(resolve));
  try {
    start(port, socket);
    return port;
  } catch (error) {
    if (!IN_USE.test((error as Error).message)) throw error;
    return startAnywhere(socket);
  }
}

function start(port: number, socket: string): void {
  // Its name is kept, so that the test finds it again.
  const program = readFileSync(PROGRAM, "utf8").replace(/^\$0 = .*$/m, "");
  execFileSync("perl", ["-e", program, String(port), socket], {
    stdio: ["ignore", "ignore", "pipe"],
  });
}

function listening(server: ReturnType<typeof createServer>, at: object): Promise<number> {
  return new Promise((resolve) => {
    server.listen(at, () => resolve((server.address() as AddressInfo).port));
  });
}

test("where nothing carries connections, what reaches no host needs none, and the rest is told the fix", () => {
  expect(forwarderTo([], "/nonexistent/perl")).toBeNull();
  expect(forwarderTo([])).toHaveLength(5);
  const grants = [grant("one.example.org")];
  expect(() => forwarderTo(grants, "/nonexistent/perl")).toThrow(/fix: apt-get install perl-base/);
});
