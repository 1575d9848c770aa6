import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { constants } from "node:os";
import { join } from "node:path";
import { systemClock } from "@mainstay/sdk/clock";
import { startTimeIn } from "@mainstay/sdk/process-stat";
import { type Server, startServer } from "./assemble.ts";
import { type Config, readConfig } from "./config.ts";
import { greeting } from "./commands/greeting.ts";
import { messageOf } from "./kernel/errors.ts";
import { npmAbove, watchProcess } from "./kernel/npm-above.ts";
import { createStopWishes, type StopMode, type StopWishes } from "./kernel/stop-wishes.ts";

const FAILED = 1;
const MISCONFIGURED = 2;

/** Serves until somebody wants the end. Returns the exit code. */
export async function main(): Promise<number> {
  const config = configured();
  if (config === null) return MISCONFIGURED;
  const wishes = hearWishes();
  ignoreWriteFaults();
  try {
    const server = await startServer(config);
    leaveCard(config, server);
    process.stdout.write(greeting(config, server));
    const wish = await Promise.race([wishes.first, server.displaced]);
    if (typeof wish === "string") {
      await server.stop("leave");
      throw new Error(wish);
    }
    const { why, how } = wish;
    const commands = how === "end" ? "Commands are ended" : "Commands run on";
    process.stdout.write(`\nStopping (${why}). ${commands}; open turns go on at the next start.\n`);
    void wishes.end.then(() => void server.stop("end"));
    await server.stop(how);
    takeCard(config, server);
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
 * A person at the terminal ends all: by Ctrl-C, by closing it, by ending the npm in between, by
 * `mainstay stop`, whose SIGUSR2 no shell lets anybody ignore. A supervisor's SIGTERM is mostly a
 * restart: commands run on for the next server.
 */
function hearWishes(): StopWishes {
  const wishes = createStopWishes(systemClock, () => process.exit(FAILED));
  const hung_up: StopMode = process.stdout.isTTY ? "end" : "leave";
  const signals = { SIGINT: "end", SIGUSR2: "end", SIGTERM: "leave", SIGHUP: hung_up } as const;
  for (const [name, how] of Object.entries(signals))
    process.on(name, isIgnored(name) ? () => {} : () => wishes.signalled(name, how));
  const npm = process.env["npm_execpath"] === undefined ? null : npmAbove(process.ppid);
  if (npm !== null) watchProcess(npm, systemClock, () => wishes.wish("npm is gone", hung_up));
  return wishes;
}

/**
 * What nohup, or a script's background job, was told to ignore. Node forgets it at its start, so
 * that `scripts/node` hands it down, as /proc/PID/status has it: a mask in hexadecimal digits.
 */
function isIgnored(name: string): boolean {
  const mask = BigInt(`0x${process.env["MAINSTAY_SIGNALS_IGNORED"] || 0}`);
  const number = constants.signals[name as NodeJS.Signals];
  return (mask & (1n << BigInt(number - 1))) !== 0n;
}

/** A reader that is gone (`npm start | tee log`, a closed terminal) must not end a server half way. */
function ignoreWriteFaults(): void {
  for (const stream of [process.stdout, process.stderr]) stream.on("error", () => undefined);
}

/**
 * Tells `mainstay stop` which process serves; pid and start time together name it for certain. One that
 * was stopped for long may find its successor's here, and leaves that alone.
 */
function leaveCard({ home, version }: Config, { url, incarnation }: Server): void {
  if (incarnationOnCard(home) > incarnation) return;
  const starttime = startTimeIn(readFileSync("/proc/self/stat", "utf8"));
  const card = { pid: process.pid, starttime, url, version, incarnation };
  writeFileSync(cardIn(home), `${JSON.stringify(card)}\n`, { mode: 0o600 });
}

function takeCard({ home }: Config, { incarnation }: Server): void {
  if (incarnationOnCard(home) === incarnation) rmSync(cardIn(home), { force: true });
}

const cardIn = (home: string): string => join(home, "run", "server.json");

/** 0 where there is none, or nothing of that kind. */
function incarnationOnCard(home: string): number {
  try {
    const card = JSON.parse(readFileSync(cardIn(home), "utf8")) as { incarnation?: unknown };
    return typeof card.incarnation === "number" ? card.incarnation : 0;
  } catch {
    return 0;
  }
}
