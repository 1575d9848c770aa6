import { readFileSync } from "node:fs";
import { join } from "node:path";
import { FAKE_KEY } from "@mainstay/fake-provider/fake-provider";
import type { Clock } from "@mainstay/sdk/clock";
import { notingLateness } from "./lateness.ts";
import { processesWith } from "./proc.ts";
import { endProgram, seen, startProgram } from "./process.ts";

const LOOK_MS = 2;
const EXECUTOR_ENDING_MS = 10_000;

export interface RunningServer extends AsyncDisposable {
  readonly pid: number;
  readonly url: string;
  /** From the start of the process to the first `ready` of `/readyz`. */
  readonly ready_ms: number;
}

export interface ServerSettings {
  readonly home: string;
  /** Where Node.js keeps compiled code between starts; absent: where it always does. */
  readonly compile_cache?: string;
  readonly provider_url: string;
  /** Its event loop is watched: see `latenessOf`. */
  readonly noting_lateness?: boolean;
  readonly clock: Clock;
}

/** `mainstay serve`, as a person starts it. */
export async function startServer(settings: ServerSettings): Promise<RunningServer> {
  const { home, compile_cache, provider_url, noting_lateness, clock } = settings;
  const from_ms = clock.monotonic();
  const program = startProgram("mainstay", ["serve"], {
    MAINSTAY_HOME: home,
    MAINSTAY_PORT: "0",
    MAINSTAY_DISCOVER_LOCAL: "false",
    OPENAI_API_KEY: FAKE_KEY,
    OPENAI_BASE_URL: provider_url,
    ...(noting_lateness && notingLateness(home)),
    ...(compile_cache !== undefined && { NODE_COMPILE_CACHE: compile_cache }),
  });
  const pid = program.child.pid!;
  try {
    const url = await seen(program, clock, LOOK_MS, () => addressOf(home, pid));
    await seen(program, clock, LOOK_MS, () => isReady(url));
    return {
      ...{ pid, url, ready_ms: clock.monotonic() - from_ms },
      async [Symbol.asyncDispose]() {
        await endProgram(program, clock);
        await buryExecutor(home, clock);
      },
    };
  } catch (fault) {
    await endProgram(program, clock);
    throw fault;
  }
}

/** From the card that the server leaves; one of an earlier server does not count. */
function addressOf(home: string, pid: number): string | null {
  try {
    const card = JSON.parse(readFileSync(join(home, "run", "server.json"), "utf8"));
    return card.pid === pid ? card.url : null;
  } catch {
    return null; // not there yet, or half written
  }
}

async function isReady(url: string): Promise<true | null> {
  const answer = await fetch(`${url}/readyz`);
  return ((await answer.json()) as { ready: boolean }).ready ? true : null;
}

/** Ctrl-C ends it with its server. @throws Error when it does not; it is killed then. */
async function buryExecutor(home: string, clock: Clock): Promise<void> {
  const deadline_ms = clock.monotonic() + EXECUTOR_ENDING_MS;
  while (processesWith(home).length > 0) {
    if (clock.monotonic() > deadline_ms) {
      const left = processesWith(home).map(({ pid }) => pid);
      for (const pid of left) process.kill(pid, "SIGKILL");
      throw new Error(`processes outlived their server and were killed: ${left.join(", ")}`);
    }
    await clock.sleep(LOOK_MS);
  }
}
