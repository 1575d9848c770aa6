import { readSync } from "node:fs";

/** The first bytes of an open file, which may grow meanwhile. */
export function readUpTo(file: number, limit_bytes: number): Buffer {
  const bytes = Buffer.allocUnsafe(limit_bytes);
  let filled = 0;
  while (filled < limit_bytes) {
    const count = readSync(file, bytes, filled, limit_bytes - filled, null);
    if (count === 0) break;
    filled += count;
  }
  return bytes.subarray(0, filled);
}
