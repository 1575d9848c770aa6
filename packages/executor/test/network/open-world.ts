/** A proxy on a real socket, over a scripted outside: names have the answers, addresses the servers, of the test. */
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, request, type IncomingMessage, type RequestListener } from "node:http";
import { type AddressInfo, connect, createServer as createTcpServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock as clock } from "@mainstay/sdk/clock";
import type { HostGrant } from "@mainstay/sdk/network";
import { onTestFinished } from "vitest";
import { openProxy, type Proxy } from "../../src/network/proxy.ts";

export interface World {
  /** Each answer is given once, the last one for ever. */
  names: Record<string, string[][]>;
  /** The port on this machine behind `address:port`. */
  servers: Record<string, number>;
  /** Every `address:port` that was connected to. */
  tried: string[];
  /** Every name that was asked for. */
  asked: string[];
  /** Each resolution waits for it. */
  until: Promise<void>;
  /** Hears of each request when it arrives, and of what it moves. */
  onUse(): void;
}

export interface Door {
  world: World;
  proxy: Proxy;
  path: string;
  get(url: string, headers?: Record<string, string>): Promise<Answer>;
  /** Of `CONNECT authority`; resolves with what was said, and the open connection on 200. */
  dial(authority: string): Promise<{ status: number; body: string; socket: Socket }>;
}

export interface Answer {
  status: number;
  reason: string;
  body: string;
  headers: IncomingMessage["headers"];
}

export const grant = (host: string, more: Partial<HostGrant> = {}): HostGrant => ({
  ...{ host, port: null, inside: false },
  ...more,
});

export async function openDoor(
  hosts: HostGrant[],
  world: Partial<World>,
  total_limit_bytes?: number,
): Promise<Door> {
  const folder = mkdtempSync(join(tmpdir(), "mainstay-net-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const all: World = {
    ...{ names: {}, servers: {}, tried: [], asked: [], until: Promise.resolve() },
    onUse: () => {},
    ...world,
  };
  const path = join(folder, "socket");
  const proxy = await openProxy({
    ...{ path, hosts, onUse: () => all.onUse() },
    ...(total_limit_bytes === undefined ? {} : { total_limit_bytes }),
    outside: {
      async resolve(name) {
        all.asked.push(name);
        await all.until;
        const answers = all.names[name];
        if (answers === undefined) throw new Error(`no such name: ${name}`);
        const addresses = answers.length > 1 ? answers.shift()! : answers[0]!;
        return addresses.map((address) => ({ address, family: address.includes(":") ? 6 : 4 }));
      },
      connect(address, port) {
        all.tried.push(`${address}:${port}`);
        const real = all.servers[`${address}:${port}`] ?? 1; // nobody listens there
        return connect({ host: "127.0.0.1", port: real, allowHalfOpen: true });
      },
      ownAddresses: () => ["198.51.100.7"],
      clock,
    },
  });
  onTestFinished(() => proxy.close());
  return {
    ...{ world: all, proxy, path },
    get: (url, headers = {}) => ask(path, "GET", url, headers),
    dial: (authority) => dial(path, authority),
  };
}

export function ask(
  socketPath: string,
  method: string,
  url: string,
  headers: Record<string, string>,
  body = "",
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const host = /^http:\/\/([^/?#]*)/.exec(url)?.[1] ?? "";
    const asked = request({ socketPath, method, path: url, headers: { host, ...headers } });
    asked.once("error", reject);
    asked.once("response", (answer) => {
      const { statusCode, statusMessage, headers } = answer;
      const told = textOf(answer).catch(() => "(cut)");
      const head = { status: statusCode!, reason: statusMessage!, headers };
      resolve(told.then((body) => ({ ...head, body })));
    });
    asked.end(body);
  });
}

function dial(socketPath: string, authority: string) {
  return new Promise<{ status: number; body: string; socket: Socket }>((resolve, reject) => {
    const asked = request({ socketPath, method: "CONNECT", path: authority });
    asked.once("error", reject);
    asked.once("connect", (answer, socket: Socket, head) => {
      const status = answer.statusCode!;
      socket.on("error", () => {});
      onTestFinished(() => void socket.destroy());
      const rest = status === 200 ? Promise.resolve("") : textOf(socket);
      resolve(
        rest.then((text) => ({
          status,
          body: status === 200 ? "" : `${head.toString()}${text}`,
          socket,
        })),
      );
    });
    asked.end();
  });
}

export async function textOf(stream: AsyncIterable<Buffer>): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of stream) parts.push(part);
  return Buffer.concat(parts).toString();
}

/** A web server on this machine's loopback, which counts who came. */
export async function openServer(
  listener: (...heard: Parameters<RequestListener>) => unknown = (_, response) =>
    response.end("hello"),
) {
  let hits = 0;
  const server = createServer((...heard) => void listener(...heard)).on("connection", () => hits++);
  const port = await portOf(server);
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { port, hits: () => hits };
}

/** A server of bytes. */
export async function openTcpServer(listener: (socket: Socket) => unknown) {
  const server = createTcpServer({ allowHalfOpen: true }, (socket) => void listener(socket));
  const port = await portOf(server);
  onTestFinished(() => void server.close());
  return { port };
}

function portOf(server: ReturnType<typeof createTcpServer>): Promise<number> {
  return new Promise((resolve) => {
    server.listen(0, "127.0.0.1", () => resolve((server.address() as AddressInfo).port));
  });
}
