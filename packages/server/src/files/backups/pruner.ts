import { lstatSync, readdirSync, rmdirSync, unlinkSync } from "node:fs";
import { join } from "node:path";
import type { Clock } from "@mainstay/sdk/clock";
import { isErrno } from "../refused.ts";
import { turn } from "../threads/turn.ts";
import { dayAt, isDay } from "./day.ts";
import { type BackupsBudget, type KeptDay, type KeptFile, pastBudget } from "./pruning.ts";

export type { BackupsBudget } from "./pruning.ts";

export interface BackupsUsage {
  readonly used_bytes: number;
  readonly limit_bytes: number;
  /** The day ("2026-01-31") of the oldest that is kept; null when nothing is. */
  readonly kept_since: string | null;
}

export interface Pruner {
  usage(): Promise<BackupsUsage>;
  prune(): Promise<BackupsUsage>;
}

/** Files looked at, or removed, before others have their turn on the thread. */
const AT_ONCE = 500;
const BLOCK_BYTES = 4_096;

export function createPruner(folder: string, clock: Clock, budget: BackupsBudget): Pruner {
  async function usage(): Promise<BackupsUsage> {
    return usageOf(await keptIn(folder), budget);
  }
  return {
    usage,
    async prune() {
      const gone = pastBudget(await keptIn(folder), budget, dayAt(clock.now()));
      for await (const { day, name } of inTurns(gone)) removeIfPresent(join(folder, day, name));
      for (const day of new Set(gone.map((file) => file.day))) removeIfEmpty(join(folder, day));
      return usage();
    },
  };
}

function usageOf(kept: readonly KeptDay[], { bytes }: BackupsBudget): BackupsUsage {
  const files = kept.flatMap((day) => day.files);
  const used_bytes = files.reduce((sum, file) => sum + file.bytes, 0);
  const kept_since = kept.find((day) => day.files.length > 0)?.day ?? null;
  return { used_bytes, limit_bytes: bytes, kept_since };
}

/** The oldest day first. */
async function keptIn(folder: string): Promise<KeptDay[]> {
  const kept: KeptDay[] = [];
  for (const day of namesIn(folder).filter(isDay).toSorted()) {
    const files: KeptFile[] = [];
    for await (const name of inTurns(namesIn(join(folder, day)))) {
      files.push(...fileAt(join(folder, day, name), name));
    }
    kept.push({ day, files });
  }
  return kept;
}

async function* inTurns<T>(items: readonly T[]): AsyncGenerator<T> {
  for (const [n, item] of items.entries()) {
    if (n % AT_ONCE === AT_ONCE - 1) await turn();
    yield item;
  }
}

function fileAt(path: string, name: string): KeptFile[] {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  if (stat === undefined) return [];
  const bytes = Math.ceil(stat.size / BLOCK_BYTES) * BLOCK_BYTES;
  return [{ name, bytes, at_ms: stat.mtimeMs }];
}

function namesIn(folder: string): string[] {
  return orIfGone([], () => readdirSync(folder));
}

const removeIfPresent = (path: string): void => orIfGone(undefined, () => unlinkSync(path));
const removeIfEmpty = (path: string): void => orIfGone(undefined, () => rmdirSync(path));

/** Another thread may have been faster, or keep something again. */
function orIfGone<T>(otherwise: T, doing: () => T): T {
  try {
    return doing();
  } catch (fault) {
    if (isErrno(fault) && (fault.code === "ENOENT" || fault.code === "ENOTEMPTY")) return otherwise;
    throw fault;
  }
}
