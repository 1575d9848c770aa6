import { readFileSync } from "node:fs";
import type { Clock } from "@mainstay/sdk/clock";
import { startTimeIn } from "@mainstay/sdk/process-stat";

/** npm and npx start a script through one of these, which some systems leave in between. */
const SHELLS: ReadonlySet<string> = new Set(["sh", "dash", "bash", "ash", "busybox", "ksh", "zsh"]);
/** The first words of npm's command line: its title, or Node and its program. */
const NPM = /^(?:\S*\/)?(?:node(?:js)? +(?:\S*\/)?)?np[mx](?:-cli\.js)?(?: |$)/;
const LOOK_MS = 500;

/** A process for certain: a reused pid has another start time. */
interface NamedProcess {
  readonly pid: number;
  readonly starttime: string;
}

/**
 * The npm or npx that runs a server: the nearest process above `parent_pid`, itself included, that is
 * no shell. Null where that is another: npm's variables are inherited by all that it ever started.
 */
export function npmAbove(parent_pid: number): NamedProcess | null {
  let pid = parent_pid;
  while (pid > 1) {
    const stat = statOf(pid);
    if (stat === null) return null;
    if (!SHELLS.has(nameIn(stat))) {
      if (!NPM.test(commandLineOf(pid))) return null;
      const starttime = startTimeIn(stat);
      return starttime === null ? null : { pid, starttime };
    }
    pid = parentIn(stat);
  }
  return null;
}

/** Calls `onGone` once the process has ended, within half a second. */
export function watchProcess(
  { pid, starttime }: NamedProcess,
  clock: Clock,
  onGone: () => void,
): void {
  function look(): void {
    const stat = statOf(pid);
    if (stat === null || startTimeIn(stat) !== starttime) return onGone();
    clock.after(LOOK_MS, look);
  }
  look();
}

const statOf = (pid: number): string | null => fileOf(pid, "stat");

const commandLineOf = (pid: number): string => (fileOf(pid, "cmdline") ?? "").replaceAll("\0", " ");

function fileOf(pid: number, name: "stat" | "cmdline"): string | null {
  try {
    return readFileSync(`/proc/${pid}/${name}`, "latin1");
  } catch {
    // However it cannot be read, it is no living process of ours.
    return null;
  }
}

/** Field 2, in parentheses, may hold spaces and parentheses itself. */
const nameIn = (stat: string): string => stat.slice(stat.indexOf("(") + 1, stat.lastIndexOf(")"));

const parentIn = (stat: string): number =>
  Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]);
