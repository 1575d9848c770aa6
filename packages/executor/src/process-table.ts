/** Names a process so that a reused pid is never mistaken for it. */
import { readdirSync, readFileSync } from "node:fs";
import type { Clock } from "@mainstay/sdk/clock";
import { startTimeIn } from "@mainstay/sdk/process-stat";
import { z } from "zod";

export const ProcessIdentity = z.object({
  pid: z.int().min(1),
  /** Clock ticks after boot, as in /proc/PID/stat. */
  starttime: z.string(),
  boot_id: z.string(),
});
export type ProcessIdentity = z.infer<typeof ProcessIdentity>;

export interface ProcessTable {
  /** Of this boot; processes of any other are gone, and so may be what was not synced. */
  boot_id: string;
  /** Null when there is no such process. */
  identify(pid: number): ProcessIdentity | null;
  /** Between two looks whether one has gone. */
  look_ms: number;
  /** A zombie is not alive: an init that is one has outlived its whole pid namespace. */
  isAlive(identity: ProcessIdentity): boolean;
  kill(identity: ProcessIdentity): void;
  /** All whose command line has such an argument. */
  findByArgument(isWanted: (argument: string) => boolean): ProcessIdentity[];
  /**
   * All that have such a variable in the environment they were started with, by its value; by null
   * those in the midst of an exec, of whose environment nothing shows yet.
   */
  findByVariable(name: string): Map<string | null, ProcessIdentity[]>;
}

/** One that was killed is gone at once, and a look is a file. */
const LOOK_MS = 1;

/** For who only looks. */
export function readProcesses(): Omit<ProcessTable, "kill"> {
  const boot_id = readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
  const pids = () => readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  const table: Omit<ProcessTable, "kill"> = {
    boot_id,
    look_ms: LOOK_MS,
    identify(pid) {
      const starttime = startTimeOf(pid);
      return starttime === null ? null : { pid, starttime, boot_id };
    },
    isAlive: (identity) =>
      identity.boot_id === boot_id && startTimeOf(identity.pid) === identity.starttime,
    findByArgument: (isWanted) =>
      pids()
        .filter((pid) => argumentsOf(pid).some(isWanted))
        .map((pid) => table.identify(Number(pid)))
        .filter((found) => found !== null),
    findByVariable(name) {
      const found = pids().flatMap((pid) => {
        const value = variableOf(pid, name);
        const identity = value === undefined ? null : table.identify(Number(pid));
        return value === undefined || identity === null ? [] : [{ value, identity }];
      });
      const by_value = Map.groupBy(found, ({ value }) => value);
      return new Map(
        [...by_value].map(([value, all]) => [value, all.map(({ identity }) => identity)]),
      );
    },
  };
  return table;
}

/** `sendKill` is `process.kill(pid, "SIGKILL")` of the program that owns `process`. */
export function openProcessTable(sendKill: (pid: number) => void): ProcessTable {
  const processes = readProcesses();
  return {
    ...processes,
    kill(identity) {
      if (!processes.isAlive(identity)) return;
      try {
        sendKill(identity.pid);
      } catch (error) {
        // Another user's, whatever it calls itself, is not ours to end.
        if (!["ESRCH", "EPERM"].includes((error as NodeJS.ErrnoException).code ?? "")) throw error;
      }
    },
  };
}

/** Null also for a zombie. */
function startTimeOf(pid: number): string | null {
  const stat = readIfOurs(`/proc/${pid}/stat`);
  return stat === null ? null : startTimeIn(stat);
}

function argumentsOf(pid: string): string[] {
  return (readIfOurs(`/proc/${pid}/cmdline`) ?? "").split("\0");
}

/** Null in the midst of an exec, undefined where there is none such. */
function variableOf(pid: string, name: string): string | null | undefined {
  const environment = environmentOf(pid);
  if (environment === null) return null;
  const variables = environment.split("\0");
  return variables.find((one) => one.startsWith(`${name}=`))?.slice(name.length + 1);
}

/** One that goes from exec to exec shows none at any look. */
const ENVIRONMENT_LOOKS = 10;

/** Null in the midst of an exec. An empty one is believed when it lies where it lay at the last look. */
function environmentOf(pid: string): string | null {
  let last: string | null = null;
  for (let looks = 0; looks < ENVIRONMENT_LOOKS; looks += 1) {
    const text = readIfOurs(`/proc/${pid}/environ`);
    if (text !== "") return text ?? "";
    const place = environmentPlaceIn(readIfOurs(`/proc/${pid}/stat`) ?? "");
    if (place === "0") return null;
    if (place === last) return "";
    last = place;
  }
  return null;
}

/** Fields 23 and 50: null without memory, "0" before the kernel has laid an environment down in it. */
function environmentPlaceIn(stat_text: string): string | null {
  const fields = stat_text.slice(stat_text.lastIndexOf(")") + 2).split(" ");
  return Number(fields[23 - 3] ?? 0) === 0 ? null : (fields[50 - 3] ?? null);
}

/** Null for a process that is gone, or hidden from us (`hidepid`) and so another user's. */
function readIfOurs(file: string): string | null {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    const { code = "" } = error as NodeJS.ErrnoException;
    if (["ENOENT", "ESRCH", "EPERM", "EACCES"].includes(code)) return null;
    throw error;
  }
}

/** False when it is still alive after `limit_ms`. */
export async function untilGone(
  isAlive: () => boolean,
  clock: Clock,
  limit_ms: number,
  look_ms = LOOK_MS,
): Promise<boolean> {
  const deadline = clock.monotonic() + limit_ms;
  while (isAlive()) {
    if (clock.monotonic() > deadline) return false;
    await clock.sleep(look_ms);
  }
  return true;
}
