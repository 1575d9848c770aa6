import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { systemClock } from "@mainstay/sdk/clock";
import { startTimeIn } from "@mainstay/sdk/process-stat";
import { startServer } from "./assemble.ts";
import { type Config, readConfig } from "./config.ts";
import { greeting } from "./commands/greeting.ts";
import { messageOf } from "./kernel/errors.ts";

const FAILED = 1;
const MISCONFIGURED = 2;
const SAME_WISH_MS = 1_000;

/** Serves until a signal asks for the end. Returns the exit code. */
export async function main(): Promise<number> {
  const config = configured();
  if (config === null) return MISCONFIGURED;
  const ended = untilSignal();
  ignoreWriteFaults();
  try {
    const server = await startServer(config);
    const card = leaveCard(config, server.url);
    process.stdout.write(greeting(config, server));
    const signal = await ended;
    process.stdout.write(`\nStopping (${signal}). Open turns go on at the next start.\n`);
    await server.stop();
    rmSync(card, { force: true });
    return 0;
  } catch (fault) {
    process.stderr.write(`mainstay: ${messageOf(fault)}\n`);
    return FAILED;
  }
}

function configured(): Config | null {
  try {
    return readConfig();
  } catch (fault) {
    process.stderr.write(`mainstay: ${messageOf(fault)}\n`);
    return null;
  }
}

/**
 * The first signal asks for a clean end; a later one does not wait for it. A terminal and npm each
 * send one for the same Ctrl-C, so what comes at once is the same wish.
 */
function untilSignal(): Promise<string> {
  return new Promise((resolve) => {
    let asked_at: number | null = null;
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const)
      process.on(signal, () => {
        const now = systemClock.monotonic();
        asked_at ??= now;
        if (now - asked_at > SAME_WISH_MS) process.exit(FAILED);
        resolve(signal);
      });
  });
}

/** A reader that is gone (`npm start | tee log`, a closed terminal) must not end a server half way. */
function ignoreWriteFaults(): void {
  for (const stream of [process.stdout, process.stderr]) stream.on("error", () => undefined);
}

/** Tells `mainstay stop` which process serves; pid and start time together name it for certain. */
function leaveCard({ home, version }: Config, url: string): string {
  const path = join(home, "run", "server.json");
  const starttime = startTimeIn(readFileSync("/proc/self/stat", "utf8"));
  const card = { pid: process.pid, starttime, url, version };
  writeFileSync(path, `${JSON.stringify(card)}\n`, { mode: 0o600 });
  return path;
}
