/** What a process holds of the machine, and whether it holds more and more. */
import { readdirSync, readFileSync } from "node:fs";
import { systemClock as clock } from "@mainstay/sdk/clock";

export interface Footprint {
  readonly pss_bytes: number;
  readonly fds: number;
}

export function footprintOf(pid: number): Footprint {
  const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, "utf8");
  const pss_kib = Number(/^Pss:\s+(\d+) kB$/m.exec(rollup)?.[1]);
  return { pss_bytes: pss_kib * 1024, fds: readdirSync(`/proc/${pid}/fd`).length };
}

export interface Sample {
  /** After so many turns. */
  readonly turns: number;
  readonly value: number;
}

/** Growth from the first sample to the last, by the least-squares line through all of them. */
export function growthOf(samples: readonly Sample[]): number {
  const mean = (of: (sample: Sample) => number) =>
    samples.reduce((sum, sample) => sum + of(sample), 0) / samples.length;
  const [turns, value] = [mean((sample) => sample.turns), mean((sample) => sample.value)];
  const covariance = mean((sample) => (sample.turns - turns) * (sample.value - value));
  const variance = mean((sample) => (sample.turns - turns) ** 2);
  const span = samples.at(-1)!.turns - samples[0]!.turns;
  return (covariance / variance) * span;
}

/** Every process of the machine by its id, parent, state and command line. */
export interface Process {
  readonly pid: number;
  readonly parent: number;
  readonly state: string;
  readonly command: string;
}

export const processes = (): Process[] => pids().flatMap((pid) => processOf(pid) ?? []);

export const pids = (): number[] =>
  readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number);

/** Null for one that ended between the listing and the look. */
export function processOf(pid: number): Process | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    const [state = "", parent = ""] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    const command = readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ").trim();
    return { pid, parent: Number(parent), state, command };
  } catch {
    return null;
  }
}

/** A busy machine may need some of it for a sandbox that ends; an orphan never goes. */
const DYING_MS = 30_000;

/** What `look` finds still there when all that was only dying is gone. */
export async function outliving<T>(look: () => readonly T[]): Promise<readonly T[]> {
  const until = clock.monotonic() + DYING_MS;
  for (;;) {
    const alive = look();
    if (alive.length === 0 || clock.monotonic() > until) return alive;
    await clock.sleep(5);
  }
}

/** Processes whose command line contains `text`. */
export const orphansWith = (text: string): Promise<readonly number[]> =>
  outliving(() => processes().flatMap((each) => (each.command.includes(text) ? [each.pid] : [])));
