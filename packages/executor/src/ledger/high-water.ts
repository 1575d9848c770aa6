/**
 * How far the ledger had come, beside it in a file of its own: SQLite takes a damaged write-ahead
 * log for one that ends there, and a command whose `started` is lost that way would read as one that
 * never ran.
 *
 * Noted after a commit and never synced, so that it is never ahead of what the disk has.
 */
import { closeSync, constants, openSync, readSync, writeSync } from "node:fs";
import { crc32 } from "node:zlib";

const BYTES = 12;
const CHECKED_BYTES = 8;

export interface HighWater {
  /** 0 where nothing, or nothing legible, was noted. */
  noted(): number;
  /** Never throws: where it cannot be written the older mark stays, which is as true. */
  note(place: number): void;
  close(): void;
}

export function openHighWater(file: string): HighWater {
  const handle = openSync(file, constants.O_RDWR | constants.O_CREAT, 0o600);
  const bytes = Buffer.alloc(BYTES);
  return {
    noted() {
      const is_whole = readSync(handle, bytes, 0, BYTES, 0) === BYTES;
      const checked = crc32(bytes.subarray(0, CHECKED_BYTES));
      if (!is_whole || bytes.readUInt32LE(CHECKED_BYTES) !== checked) return 0;
      return Number(bytes.readBigUInt64LE(0));
    },
    note(place) {
      bytes.writeBigUInt64LE(BigInt(place), 0);
      bytes.writeUInt32LE(crc32(bytes.subarray(0, CHECKED_BYTES)), CHECKED_BYTES);
      try {
        writeSync(handle, bytes, 0, BYTES, 0);
      } catch {
        // The commit stands, whatever became of its note.
      }
    },
    close: () => closeSync(handle),
  };
}
