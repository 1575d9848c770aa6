import { once } from "node:events";
import { mkdir, mkdtemp, open, rename, rm, stat } from "node:fs/promises";
import { createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "@mainstay/sdk/clock";
import { expect, test } from "vitest";
import { z } from "zod";
import { createDoor } from "../../src/door/door.ts";
import { endpoint } from "../../src/door/endpoint.ts";
import { livez } from "../../src/door/routes/livez.ts";
import { Stopping } from "../../src/kernel/errors.ts";
import { openDoor, problemIn } from "./open-door.ts";

/** All that the server sends until it ends the connection. */
async function readToEnd(socket: Socket): Promise<string> {
  let text = "";
  socket.on("data", (chunk: Buffer) => (text += chunk));
  await once(socket, "close");
  return text;
}

/** An endpoint that answers when told to, and says when it was asked and how its signal ended. */
function held() {
  const asked = Promise.withResolvers<void>();
  const release = Promise.withResolvers<void>();
  const aborted = Promise.withResolvers<unknown>();
  const own = endpoint(
    {
      method: "post",
      path: "/held",
      summary: "Waits",
      auth: "none",
      responses: { 200: { description: "Released", body: z.string() } },
    },
    async ({ connection: { signal } }) => {
      signal.addEventListener("abort", () => aborted.resolve(signal.reason));
      asked.resolve();
      await release.promise;
      return { status: 200, body: "released" };
    },
  );
  return { own, asked: asked.promise, release: release.resolve, aborted: aborted.promise };
}

test.each([
  ["headers that trickle", "GET /livez HTTP/1.1\r\nHost: x\r\nX-A: "],
  ["a body that stops", "POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nabc"],
  ["silence", ""],
])("%s end with 408 in bounded time", async (_, start) => {
  const read = endpoint(
    {
      method: "post",
      path: "/x",
      summary: "Reads",
      auth: "none",
      body: z.string(),
      responses: { 200: { description: "Read", body: z.string() } },
    },
    async ({ body }) => ({ status: 200, body }),
  );
  await using house = await openDoor({
    endpoints: [livez(), read],
    bounds: { headers_ms: 200, request_ms: 300 },
  });
  const { port } = new URL(house.url);
  const socket = house.dial();
  socket.write(start.replace("Host: x", `Host: 127.0.0.1:${port}`));
  const text = await readToEnd(socket);
  expect(text).toMatch(/^HTTP\/1.1 408 .*application\/problem\+json.*did not come in time/s);
});

test.each([
  ["no HTTP", "hello\r\n\r\n", 400],
  ["headers too large", `GET / HTTP/1.1\r\nHost: x\r\nX-A: ${"a".repeat(20_000)}\r\n\r\n`, 431],
  [
    "two lengths",
    "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
    400,
  ],
  ["no host", "GET / HTTP/1.1\r\nConnection: close\r\n\r\n", 421],
  ["an empty host", "GET / HTTP/1.1\r\nHost:\r\nConnection: close\r\n\r\n", 421],
  ["HTTP/1.0", "GET / HTTP/1.0\r\n\r\n", 421],
  ["no path", "GET x HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", 400],
])("%s is answered with a problem", async (_, text, status) => {
  await using house = await openDoor({ endpoints: [livez()] });
  const socket = house.dial();
  socket.write(text);
  expect(await readToEnd(socket)).toMatch(
    new RegExp(`^HTTP/1.1 ${status} .*application/problem\\+json`, "s"),
  );
});

test("a body cut in the middle harms nobody", async () => {
  const { own, asked, release, aborted } = held();
  await using house = await openDoor({ endpoints: [own, livez()] });
  const { port } = new URL(house.url);
  const socket = house.dial();
  socket.write(`POST /held HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nContent-Length: 900\r\n\r\nabc`);
  await asked;
  socket.destroy();
  await aborted;
  release();
  expect((await house.ask({ path: "/livez" })).status).toBe(200);
  expect(house.faults).toEqual([]);
});

test("connections past the bound are closed at once", async () => {
  await using house = await openDoor({ endpoints: [livez()], bounds: { connections: 2 } });
  const kept = [house.dial(), house.dial()];
  await Promise.all(kept.map((socket) => once(socket, "connect")));
  const late = house.dial();
  late.on("error", () => {});
  await once(late, "close");
  expect((await house.ask({ path: "/livez", over: "local" })).status).toBe(200);
  for (const socket of kept) socket.destroy();
});

test("closing lets an open request end, takes no new one, and drops silent connections", async () => {
  const { own, asked, release, aborted } = held();
  await using house = await openDoor({ endpoints: [own] });
  const silent = house.dial();
  await once(silent, "connect");
  const answered = house.ask({ method: "POST", path: "/held" });
  await asked;
  const closed = house.close();
  expect(await aborted).toBeInstanceOf(Stopping);
  await once(silent, "close");
  await expect(house.ask({ path: "/livez" })).rejects.toThrow(/ECONNREFUSED/);
  await expect(house.ask({ path: "/livez", over: "local" })).rejects.toThrow(/ENOENT|ECONNREFUSED/);
  release();
  const reply = await answered;
  expect([reply.status, reply.headers["connection"]]).toEqual([200, "close"]);
  await closed;
  await house.close();
});

test("what does not end by the deadline is cut", async () => {
  const { own, asked } = held();
  await using house = await openDoor({ endpoints: [own], bounds: { drain_ms: 50 } });
  const cut = expect(house.ask({ method: "POST", path: "/held" })).rejects.toThrow(/hang up|RESET/);
  await asked;
  await house.close();
  await cut;
});

test("a client that leaves aborts the signal, and not with Stopping", async () => {
  const { own, asked, release, aborted } = held();
  await using house = await openDoor({ endpoints: [own] });
  const { port } = new URL(house.url);
  const socket = house.dial();
  socket.write(`POST /held HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nContent-Length: 0\r\n\r\n`);
  await asked;
  socket.destroy();
  expect(await aborted).not.toBeInstanceOf(Stopping);
  release();
});

test("the Unix socket is its owner's alone, lies as deep as it likes, and replaces a stale one", async () => {
  const home = await mkdtemp(join(tmpdir(), "mainstay-socket-"));
  const run = join(home, "d".repeat(100), "e".repeat(100), "run");
  await mkdir(run, { recursive: true, mode: 0o700 });
  const socket_path = join(run, "server.sock");
  const door = createDoor({
    endpoints: [livez()],
    authenticate: async () => null,
    clock: systemClock,
    version: "0.0.0",
    host_names: [],
    report: () => {},
  });
  await leaveStaleSocket(run);
  const listening = await door.listen({ host: "127.0.0.1", port: 0, socket_path });
  const found = await stat(socket_path);
  expect([found.isSocket(), found.mode & 0o777]).toEqual([true, 0o600]);
  await listening.close();
  await expect(stat(socket_path)).rejects.toThrow(/ENOENT/);
  await rm(home, { recursive: true });
});

/** What a killed server leaves: a socket that nobody listens on. */
async function leaveStaleSocket(folder: string): Promise<void> {
  const handle = await open(folder, "r");
  const server = createServer().listen(`/proc/self/fd/${handle.fd}/before`);
  await once(server, "listening");
  await rename(join(folder, "before"), join(folder, "server.sock"));
  server.close();
  await once(server, "close");
  await handle.close();
}

test("a taken port is named, and nothing stays open", async () => {
  await using house = await openDoor({ endpoints: [livez()] });
  const { port } = new URL(house.url);
  const address = { host: "127.0.0.1", port: Number(port), socket_path: `${house.socket_path}2` };
  await expect(house.door.listen(address)).rejects.toThrow(`cannot listen on 127.0.0.1:${port}`);
  await expect(stat(address.socket_path)).rejects.toThrow(/ENOENT/);
  expect(problemIn(await house.ask({ path: "/nowhere" })).code).toBe("not_found");
});
