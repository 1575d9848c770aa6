import { createHash } from "node:crypto";
import { closeSync, fdatasyncSync, mkdtempSync, openSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Clock } from "@mainstay/sdk/clock";
import { median } from "./sample.ts";

const ROUNDS = 25;
const HASHED = Buffer.alloc(4 << 20);
const PAGE = Buffer.alloc(4096);

/** What the machine itself took just then. A figure beside noisy ones of these means little. */
export interface Noise {
  /** The section of the bench that had just ended. */
  readonly after: string;
  /** Median of hashing 4 MB on one thread. */
  readonly cpu_loop_ms: number;
  /** Median of appending 4 KB and syncing it: every durable commit waits at least this long. */
  readonly disk_sync_ms: number;
}

export function measureNoise(after: string, clock: Clock): Noise {
  const folder = mkdtempSync(join(tmpdir(), "mainstay-bench-"));
  const file = openSync(join(folder, "page"), "w");
  try {
    return {
      after,
      cpu_loop_ms: repeat(clock, () => createHash("sha256").update(HASHED).digest()),
      disk_sync_ms: repeat(clock, () => {
        writeSync(file, PAGE);
        fdatasyncSync(file);
      }),
    };
  } finally {
    closeSync(file);
    rmSync(folder, { recursive: true });
  }
}

function repeat(clock: Clock, work: () => void): number {
  return median(
    Array.from({ length: ROUNDS }, () => {
      const from_ms = clock.monotonic();
      work();
      return clock.monotonic() - from_ms;
    }),
  );
}
