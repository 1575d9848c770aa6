/**
 * Loaded into a server before its own code (`--import`): how late its event loop is, to the file that
 * BENCH_LOOP_DELAYS names, a line each: wall time and lateness, milliseconds.
 */
import { appendFileSync } from "node:fs";
import { isMainThread } from "node:worker_threads";
import { systemClock as clock } from "@mainstay/sdk/clock";

const EVERY_MS = 5;
const LINES_A_WRITE = 50;

const file = process.env["BENCH_LOOP_DELAYS"];
const lines: string[] = [];

function look(path: string, due_ms: number): void {
  const late_ms = Math.max(0, clock.monotonic() - due_ms);
  if (lines.push(`${clock.now()} ${late_ms.toFixed(2)}\n`) >= LINES_A_WRITE)
    appendFileSync(path, lines.splice(0).join(""));
  const next_ms = clock.monotonic() + EVERY_MS;
  clock.after(EVERY_MS, () => look(path, next_ms));
}

if (file !== undefined && isMainThread) look(file, clock.monotonic());
