import { closeSync, constants, openSync, readFileSync, writeSync } from "node:fs";
import { crc32 } from "node:zlib";
import { DataDamaged } from "./data-damaged.ts";
import type { Statement } from "./store.ts";

const PRIVATE_FILE = 0o600;
const ROWID_CHARS = 16;

/**
 * A note beside the data of how far the journal was acknowledged: the rowid of its last row. It is
 * written after COMMIT and before the answers, and not synced, so it never claims too much. Data that
 * ends before it has lost something of which SQLite says nothing: a write-ahead log with a flipped
 * byte counts for one that ends there.
 */
export interface HighWater {
  /** A smaller number than the last changes nothing: the note only rises. @throws the system's error. */
  note(rowid: number): void;
  close(): void;
}

/** Of the journal, as `last`; 0 for an empty one. Rowids only rise: no row goes without a newer one. */
export const lastJournalRow: Statement = {
  sql: "select coalesce(max(rowid), 0) as last from journal",
  parameters: [],
};

/** @throws the system's error. */
export function openHighWater(file: string): HighWater {
  const fd = openSync(file, constants.O_RDWR | constants.O_CREAT, PRIVATE_FILE);
  let noted = -1;
  return {
    note(rowid) {
      if (rowid <= noted) return;
      writeSync(fd, lineOf(rowid), 0);
      noted = rowid;
    },
    close: () => closeSync(fd),
  };
}

/**
 * Compares the journal's last row in the data with what `file` says. The note is read before the row:
 * whoever looks on while a server is at work would else find a note of rows that came in between.
 *
 * @throws DataDamaged
 */
export function refuseLoss(file: string, lastRow: () => number): void {
  const noted = readHighWater(file) ?? 0;
  const lost = noted - lastRow();
  if (lost <= 0) return;
  throw new DataDamaged(
    `the data ends ${lost} journal rows before what was acknowledged: something damaged it, or it ` +
      "is an older copy. Restore a newer backup of mainstay.db; to go on without what is lost, " +
      `delete ${file}`,
  );
}

/** Null where nothing is noted, or nothing that can be relied on. */
function readHighWater(file: string): number | null {
  const line = textOf(file);
  const rowid = Number.parseInt(line, 10);
  return Number.isSafeInteger(rowid) && line === lineOf(rowid) ? rowid : null;
}

function textOf(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (fault) {
    if ((fault as NodeJS.ErrnoException).code === "ENOENT") return "";
    throw fault;
  }
}

/** Always as long, so that one line takes the place of another in a single write. */
function lineOf(rowid: number): string {
  const digits = String(rowid).padStart(ROWID_CHARS, "0");
  return `${digits} ${crc32(digits).toString(16).padStart(8, "0")}\n`;
}
