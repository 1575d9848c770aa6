import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { systemClock } from "@mainstay/sdk/clock";
import { startTimeIn } from "@mainstay/sdk/process-stat";
import { startServer } from "./assemble.ts";
import { type Config, readConfig } from "./config.ts";
import { greeting } from "./commands/greeting.ts";
import { npmAbove, watchProcess } from "./commands/npm-above.ts";
import type { StopMode } from "./execution/execution.ts";
import { messageOf } from "./kernel/errors.ts";

const FAILED = 1;
const MISCONFIGURED = 2;
const SAME_WISH_MS = 1_000;

/** Serves until somebody wants the end. Returns the exit code. */
export async function main(): Promise<number> {
  const config = configured();
  if (config === null) return MISCONFIGURED;
  const wished = untilWished();
  ignoreWriteFaults();
  try {
    const server = await startServer(config);
    const card = leaveCard(config, server.url);
    process.stdout.write(greeting(config, server));
    const wish = await Promise.race([wished, server.displaced]);
    if (typeof wish === "string") {
      await server.stop("leave");
      throw new Error(wish);
    }
    const { why, how } = wish;
    const commands = how === "end" ? "Commands are ended" : "Commands run on";
    process.stdout.write(`\nStopping (${why}). ${commands}; open turns go on at the next start.\n`);
    await server.stop(how);
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

interface Wish {
  readonly why: string;
  readonly how: StopMode;
}

/**
 * A person at the terminal ends all: by Ctrl-C, by closing it, by ending the npm in between. A
 * supervisor's SIGTERM is mostly a restart: commands run on for the next server.
 *
 * The first wish asks for a clean end; a later signal does not wait for it. A terminal and npm each
 * send one for the same Ctrl-C, so what comes at once is the same wish.
 */
function untilWished(): Promise<Wish> {
  const hung_up: StopMode = process.stdout.isTTY ? "end" : "leave";
  const signals = { SIGINT: "end", SIGTERM: "leave", SIGHUP: hung_up } as const;
  return new Promise((resolve) => {
    let asked_at: number | null = null;
    function wish(why: string, how: StopMode): void {
      asked_at ??= systemClock.monotonic();
      resolve({ why, how });
    }
    for (const [signal, how] of Object.entries(signals))
      process.on(signal, () => {
        if (asked_at !== null && systemClock.monotonic() - asked_at > SAME_WISH_MS)
          process.exit(FAILED);
        wish(signal, how);
      });
    const npm = process.env["npm_execpath"] === undefined ? null : npmAbove(process.ppid);
    if (npm !== null) watchProcess(npm, systemClock, () => wish("npm is gone", hung_up));
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
