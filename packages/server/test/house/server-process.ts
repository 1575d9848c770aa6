import { type ChildProcess, spawn } from "node:child_process";
import { randomInt } from "node:crypto";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Client } from "@mainstay/sdk/client";
import { systemClock } from "@mainstay/sdk/clock";
import { clientFor } from "./house.ts";

/** As `scripts/node` has them; without the cache a start under load takes seconds. */
const nodeOptions = [
  "--disable-warning=ExperimentalWarning",
  "--max-semi-space-size=4",
  "--heap-growing-percent=40",
  "--no-parallel-scavenge",
];
const compileCache = fileURLToPath(
  new URL("../../../../node_modules/.cache/node-compile", import.meta.url),
);

export type Entry =
  | "serve.ts"
  | "serve-forgetful.ts"
  | "serve-leaky.ts"
  | "serve-wall-clock.ts"
  | "serve-lethal.ts";

export interface HowStarted {
  /** A program and its arguments that run the server: `strace -f …`, `faketime …`. */
  readonly under?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** A server as a process of its own, to be killed at will; its data folder and port stay the same. */
export interface ServerProcess {
  readonly url: string;
  pid(): number | undefined;
  client(): Promise<Client>;
  start(entry?: Entry, how?: HowStarted): Promise<void>;
  /** Resolves when the process has ended, whoever wanted it. */
  gone(): Promise<void>;
  /** SIGKILL; resolves when the process is gone. */
  kill(): Promise<void>;
  /** Asks it to end; resolves with its exit code. */
  stop(signal: "SIGTERM" | "SIGINT"): Promise<number | null>;
  /** Resolves with its exit code when it has ended by itself; null where a signal ended it. */
  ended(): Promise<number | null>;
}

export async function createServerProcess(home: string, model_url: string): Promise<ServerProcess> {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  let child: ChildProcess | null = null;

  async function start(entry: Entry = "serve.ts", how: HowStarted = {}): Promise<void> {
    const main = fileURLToPath(new URL(entry, import.meta.url));
    const serve = [process.execPath, ...nodeOptions, main];
    const [program = "", ...args] = [...(how.under ?? []), ...serve];
    child = spawn(program, args, {
      env: {
        PATH: process.env["PATH"],
        MAINSTAY_HOME: home,
        MAINSTAY_PORT: String(port),
        MAINSTAY_DISCOVER_LOCAL: "false",
        OPENAI_API_KEY: "fake",
        OPENAI_BASE_URL: model_url,
        NODE_COMPILE_CACHE: compileCache,
        ...how.env,
      },
      stdio: ["ignore", "ignore", "inherit"],
    });
    await ready(child);
  }

  async function ready(started: ChildProcess): Promise<void> {
    while (started.exitCode === null && started.signalCode === null) {
      const answer = await fetch(`${url}/readyz`).catch(() => null);
      if (answer?.ok) return;
      await systemClock.sleep(20);
    }
    throw new Error(`the server ended with ${started.exitCode ?? started.signalCode}`);
  }

  async function end(signal: NodeJS.Signals): Promise<number | null> {
    const gone = ended();
    child?.kill(signal);
    return await gone;
  }

  async function ended(): Promise<number | null> {
    if (child === null || child.exitCode !== null || child.signalCode !== null)
      return child?.exitCode ?? null;
    const [code] = (await once(child, "exit")) as [number | null];
    return code;
  }

  return {
    url,
    pid: () => child?.pid,
    start,
    async client() {
      return clientFor(url, (await readFile(join(home, "owner.key"), "utf8")).trim());
    },
    async gone() {
      if (child !== null && child.exitCode === null && child.signalCode === null)
        await once(child, "exit");
    },
    async kill() {
      await end("SIGKILL");
    },
    stop: end,
    ended,
  };
}

/** Below the ports that the kernel hands out: while the server is away nobody else is given its port. */
async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(10_000, 30_000);
    const probe = createServer().listen(port, "127.0.0.1");
    try {
      await once(probe, "listening");
    } catch {
      continue;
    }
    probe.close();
    await once(probe, "close");
    return port;
  }
}
