import { timeOf } from "../../kernel/time.ts";
import { DAY_MS, dayAt } from "./day.ts";

export interface BackupsBudget {
  readonly bytes: number;
  readonly days: number;
}

export interface KeptFile {
  readonly name: string;
  /** As it takes of the disk. */
  readonly bytes: number;
  readonly at_ms: number;
}

export interface KeptDay {
  readonly day: string;
  readonly files: readonly KeptFile[];
}

export interface GoneFile {
  readonly day: string;
  readonly name: string;
}

/**
 * What must go for the rest to be within the budget: all of days past `days`, then the oldest files
 * until `bytes` are enough. Nothing of today and yesterday, and nothing of a day to come: the clock
 * was set back, and nobody knows how old that is.
 *
 * @param kept the oldest day first
 * @param today "2026-01-31"
 */
export function pastBudget(
  kept: readonly KeptDay[],
  budget: BackupsBudget,
  today: string,
): GoneFile[] {
  const yesterday = daysBefore(today, 1);
  const first = daysBefore(today, budget.days);
  const oldestFirst = kept
    .filter(({ day }) => day < yesterday)
    .flatMap(({ day, files }) =>
      files.toSorted((a, b) => a.at_ms - b.at_ms).map((file) => ({ ...file, day })),
    );
  let used = kept.flatMap(({ files }) => files).reduce((sum, { bytes }) => sum + bytes, 0);
  const gone: GoneFile[] = [];
  for (const { day, name, bytes } of oldestFirst) {
    if (day >= first && used <= budget.bytes) break;
    gone.push({ day, name });
    used -= bytes;
  }
  return gone;
}

const daysBefore = (day: string, days: number): string =>
  dayAt(timeOf(`${day}T00:00:00.000Z`) - days * DAY_MS);
