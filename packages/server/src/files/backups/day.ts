import { mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { isoTime } from "../../kernel/time.ts";
import { allEnded } from "../all-ended.ts";
import { syncFolder } from "../descriptor.ts";
import { type SharedSync, sharedSync } from "../shared-sync.ts";

/** The folder of one day. */
export interface Day {
  readonly name: string;
  readonly path: string;
  make(): void;
  /** The names in it, and its own, are on the disk. */
  readonly sync: SharedSync;
}

const PRIVATE = 0o700;
const DAY = /^\d{4}-\d{2}-\d{2}$/;

export const isDay = (name: string): boolean => DAY.test(name);

/** "2026-01-31", in UTC. */
export const dayAt = (at_ms: number): string => isoTime(at_ms).slice(0, 10);

/** `known` is that of the last time, which mostly is the same. */
export function openDay(folder: string, now_ms: number, known: Day | null): Day {
  const name = dayAt(now_ms);
  return known?.name === name ? known : dayIn(folder, name);
}

function dayIn(folder: string, name: string): Day {
  const path = join(folder, name);
  /** Whoever made them may not have synced them yet. */
  let above = [folder, dirname(folder)];
  return {
    name,
    path,
    make: () => void mkdirSync(path, { recursive: true, mode: PRIVATE }),
    sync: sharedSync(async () => {
      await allEnded([path, ...above].map(syncFolder));
      above = [];
    }),
  };
}
