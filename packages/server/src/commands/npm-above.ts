import { readFileSync } from "node:fs";
import type { Clock } from "@mainstay/sdk/clock";
import { startTimeIn } from "@mainstay/sdk/process-stat";

/** npm and npx start a script through one of these, which some systems leave in between. */
const SHELLS: ReadonlySet<string> = new Set(["sh", "dash", "bash", "ash", "busybox", "ksh", "zsh"]);
const LOOK_MS = 500;

/** A process for certain: a reused pid has another start time. */
interface NamedProcess {
  readonly pid: number;
  readonly starttime: string;
}

/**
 * The process that started a server under npm: the nearest above `parent_pid`, itself included, that
 * is no shell. Null where it is gone already, or is the system's first.
 */
export function npmAbove(parent_pid: number): NamedProcess | null {
  let pid = parent_pid;
  while (pid > 1) {
    const stat = statOf(pid);
    if (stat === null) return null;
    if (!SHELLS.has(nameIn(stat))) {
      const starttime = startTimeIn(stat);
      return starttime === null ? null : { pid, starttime };
    }
    pid = parentIn(stat);
  }
  return null;
}

/** Calls `onGone` once the process has ended, within half a second. Returns what ends the watch. */
export function watchProcess(
  { pid, starttime }: NamedProcess,
  clock: Clock,
  onGone: () => void,
): () => void {
  let cancel = () => {};
  function look(): void {
    const stat = statOf(pid);
    if (stat === null || startTimeIn(stat) !== starttime) return onGone();
    cancel = clock.after(LOOK_MS, look);
  }
  look();
  return () => cancel();
}

function statOf(pid: number): string | null {
  try {
    return readFileSync(`/proc/${pid}/stat`, "latin1");
  } catch {
    // However it cannot be read, it is no living process of ours.
    return null;
  }
}

/** Field 2, in parentheses, may hold spaces and parentheses itself. */
const nameIn = (stat: string): string => stat.slice(stat.indexOf("(") + 1, stat.lastIndexOf(")"));

const parentIn = (stat: string): number =>
  Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]);
