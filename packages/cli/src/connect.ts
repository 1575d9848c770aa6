import { closeSync, constants, openSync } from "node:fs";
import { readFile, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import { Unreachable } from "@mainstay/sdk/call";
import { type Client, createClient } from "@mainstay/sdk/client";
import type { Clock } from "@mainstay/sdk/clock";
import type { ServerAddress } from "./config.ts";

/** Stands for the socket in requests; no person ever typed it. */
export const SOCKET_URL = "http://localhost";

interface OpenClient {
  client: Client;
  /** Ends what is in flight. */
  close(): Promise<void>;
}

export interface ConnectParts {
  clock: Clock;
  /** Uniform in [0, 1). */
  random: () => number;
}

/** Works with the server's client and lets go of it, whatever happens. */
export async function withClient<T>(
  server: ServerAddress,
  parts: ConnectParts,
  work: (client: Client) => Promise<T>,
): Promise<T> {
  const { client, close } = await connect(server, parts);
  try {
    return await work(client);
  } finally {
    await close();
  }
}

/** `run/server.sock` in the data folder needs no port and no name, so nobody can sit in its place. */
async function connect(server: ServerAddress, parts: ConnectParts): Promise<OpenClient> {
  if (server.kind === "remote") return open(server.base_url, server.key, {}, parts);
  const run_folder = join(server.home, "run");
  const socket_path = join(run_folder, "server.sock");
  await stat(socket_path).catch((cause: NodeJS.ErrnoException) => {
    throw cause.code === "EACCES" ? notYours(server.home, cause) : noServer(server.home, cause);
  });
  const key = server.key ?? (await ownerKey(server.home));
  const socket = shortPath(run_folder, socket_path);
  const opened = await open(SOCKET_URL, key, { socketPath: socket.path }, parts);
  return {
    client: opened.client,
    async close() {
      await opened.close();
      socket.release();
    },
  };
}

const noServer = (home: string, cause: Error) =>
  new Unreachable(`There is no server for MAINSTAY_HOME=${home}`, { cause });

const notYours = (home: string, cause: Error) =>
  new Error(
    `MAINSTAY_HOME=${home} is closed to you; fix: name your own folder, or get a key from its owner and set MAINSTAY_URL and MAINSTAY_KEY`,
    { cause },
  );

async function ownerKey(home: string): Promise<string> {
  const path = join(home, "owner.key");
  const text = await readFile(path, "utf8").catch((cause: Error) => {
    throw new Error(`cannot read the owner's key: ${cause.message}; or set MAINSTAY_KEY`, {
      cause,
    });
  });
  return text.trim();
}

/** undici is loaded here, so that commands without a server do not carry it. */
async function open(
  base_url: string,
  key: string,
  connect_options: { socketPath?: string },
  { clock, random }: ConnectParts,
): Promise<OpenClient> {
  const { Agent, fetch } = await import("undici");
  const dispatcher = new Agent({ connect: connect_options });
  const client = createClient({
    base_url,
    key,
    clock,
    random,
    fetch: (url, init) => fetch(url, { ...init, dispatcher }),
  });
  return { client, close: () => dispatcher.destroy() };
}

const SOCKET_PATH_LIMIT_BYTES = 107;

/** A socket's path has little room; through an open descriptor of its folder any path is short. */
function shortPath(run_folder: string, path: string): { path: string; release: () => void } {
  if (Buffer.byteLength(path) <= SOCKET_PATH_LIMIT_BYTES) return { path, release: () => undefined };
  const folder = openSync(run_folder, constants.O_RDONLY | constants.O_DIRECTORY);
  return {
    path: join(`/proc/self/fd/${folder}`, basename(path)),
    release: () => closeSync(folder),
  };
}
