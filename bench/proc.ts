import { readdirSync, readFileSync } from "node:fs";

/** Linux counts a process's time in hundredths of a second, whatever the kernel's own tick. */
const TICK_MS = 10;
const EXECUTOR_MAIN = /\/executor\/src\/main\.ts$/;

/** Processor time since the process began: its threads, and its children that have ended. */
export interface CpuTime {
  readonly own_ms: number;
  readonly children_ms: number;
}

/** Fields 14 to 17 of /proc/PID/stat, counted after the command's closing parenthesis. */
export function cpuTime(pid: number): CpuTime {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const ticks = (number: number) => Number(fields[number - 3]);
  return {
    own_ms: (ticks(14) + ticks(15)) * TICK_MS,
    children_ms: (ticks(16) + ticks(17)) * TICK_MS,
  };
}

/** Proportional set size: what is shared with other processes counts for each in part. */
export function pssMegabytes(pid: number): number {
  const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, "utf8");
  return Number(/^Pss:\s+(\d+) kB$/m.exec(rollup)?.[1]) / 1024;
}

/** The executor that serves this data folder; null while there is none. */
export function executorOf(home: string): number | null {
  const found = processesWith(home).find(({ argv }) => argv.some((a) => EXECUTOR_MAIN.test(a)));
  return found?.pid ?? null;
}

/** All processes that have this very argument. */
export function processesWith(argument: string): { pid: number; argv: string[] }[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map((name) => ({ pid: Number(name), argv: argumentsOf(name) }))
    .filter(({ argv }) => argv.includes(argument));
}

function argumentsOf(pid: string): string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0");
  } catch {
    return []; // it ended meanwhile
  }
}
