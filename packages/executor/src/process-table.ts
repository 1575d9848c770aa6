/** Names a process so that a reused pid is never mistaken for it. */
import fs from "node:fs";
import type { Clock } from "@mainstay/sdk/clock";
import { z } from "zod";

export const ProcessIdentity = z.object({
  pid: z.int().min(1),
  /** Clock ticks after boot, as in /proc/PID/stat. */
  starttime: z.string(),
  boot_id: z.string(),
});
export type ProcessIdentity = z.infer<typeof ProcessIdentity>;

export interface ProcessTable {
  /** Null when there is no such process. */
  identify(pid: number): ProcessIdentity | null;
  /** A zombie is not alive: an init that is one has outlived its whole pid namespace. */
  isAlive(identity: ProcessIdentity): boolean;
  kill(identity: ProcessIdentity): void;
  /** All whose command line has this exact argument. */
  findByArgument(argument: string): ProcessIdentity[];
}

/** `sendKill` is `process.kill(pid, "SIGKILL")` of the program that owns `process`. */
export function openProcessTable(sendKill: (pid: number) => void): ProcessTable {
  const boot_id = fs.readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
  const table: ProcessTable = {
    identify(pid) {
      const starttime = starttimeOf(pid);
      return starttime === null ? null : { pid, starttime, boot_id };
    },
    isAlive: (identity) =>
      identity.boot_id === boot_id && starttimeOf(identity.pid) === identity.starttime,
    kill(identity) {
      if (!table.isAlive(identity)) return;
      try {
        sendKill(identity.pid);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
      }
    },
    findByArgument: (argument) =>
      fs
        .readdirSync("/proc")
        .filter((name) => /^\d+$/.test(name) && argumentsOf(name).includes(argument))
        .map((name) => table.identify(Number(name)))
        .filter((found) => found !== null),
  };
  return table;
}

function starttimeOf(pid: number): string | null {
  const stat = readIfAny(`/proc/${pid}/stat`);
  if (stat === null) return null;
  // The name in parentheses may hold spaces and parentheses itself.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return fields[0] === "Z" || fields[0] === "X" ? null : (fields[19] ?? null);
}

function argumentsOf(pid: string): string[] {
  return (readIfAny(`/proc/${pid}/cmdline`) ?? "").split("\0");
}

function readIfAny(file: string): string | null {
  try {
    return fs.readFileSync(file, "utf8");
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ESRCH") return null;
    throw error;
  }
}

/** False when it is still alive after `limit_ms`. */
export async function untilGone(
  isAlive: () => boolean,
  clock: Clock,
  limit_ms: number,
): Promise<boolean> {
  const deadline = clock.monotonic() + limit_ms;
  while (isAlive()) {
    if (clock.monotonic() > deadline) return false;
    await clock.sleep(1);
  }
  return true;
}
