import { mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { isoTime } from "../../kernel/time.ts";
import { allEnded } from "../all-ended.ts";
import { syncFolder } from "../descriptor.ts";
import { sharedSync } from "../shared-sync.ts";

/** The folder of one day. */
export interface Day {
  /** Days since 1970. */
  readonly number: number;
  readonly path: string;
  make(): void;
  /** The names in it, and its own, are on the disk. */
  sync(): Promise<void>;
}

const PRIVATE = 0o700;
const DAY = /^\d{4}-\d{2}-\d{2}$/;
export const DAY_MS = 86_400_000;

export const isDay = (name: string): boolean => DAY.test(name);

/** "2026-01-31", in UTC. */
export const dayAt = (at_ms: number): string => isoTime(at_ms).slice(0, 10);

/** `known` is that of the last time, which mostly is the same. */
export function openDay(folder: string, now_ms: number, known: Day | null): Day {
  const number = Math.floor(now_ms / DAY_MS);
  return known?.number === number ? known : dayIn(folder, number);
}

function dayIn(folder: string, number: number): Day {
  const path = join(folder, dayAt(number * DAY_MS));
  const share = sharedSync();
  /** Whoever made them may not have synced them yet. */
  let above = [folder, dirname(folder)];
  return {
    number,
    path,
    make: () => void mkdirSync(path, { recursive: true, mode: PRIVATE }),
    sync: () =>
      share(path, async () => {
        await allEnded([path, ...above].map(syncFolder));
        above = [];
      }),
  };
}
