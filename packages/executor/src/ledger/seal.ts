/** A checksum over all of a row, so that no flipped or torn byte of it is told as a fact. */
import type { DatabaseSync, SQLOutputValue } from "node:sqlite";
import { crc32 } from "node:zlib";

const SEALED = ["command_id", "nonce", "mac", "expires_at", "started_at"] as const;
const MUTABLE = ["process", "ended", "output", "place"] as const;
const COLUMNS = [...SEALED, ...MUTABLE];

export const SELECT_ROW = `SELECT ${COLUMNS.join(", ")}, seal FROM command`;

/** SQL: the seal that the row as it stands must have. */
export const SEAL_OF_ROW = `seal_of(${COLUMNS.join(", ")})`;

/** SQL: the seal of the row once these columns have changed to these expressions. */
export function sealWith(changed: Partial<Record<(typeof MUTABLE)[number], string>>): string {
  const values = MUTABLE.map((column) => changed[column] ?? column);
  return `seal_of(${[...SEALED, ...values].join(", ")})`;
}

export function teachSeal(db: DatabaseSync): void {
  db.function("seal_of", { deterministic: true, varargs: true }, (...values) => sealOf(values));
}

export function isIntact(row: Record<string, SQLOutputValue>): boolean {
  return row["seal"] === sealOf(COLUMNS.map((column) => row[column]));
}

const sealOf = (values: unknown[]) => crc32(JSON.stringify(values.map(shortened)));

const LONG_UNITS = 1_024;

/** To write a long text as JSON costs more than its own checksum. */
function shortened(value: unknown): unknown {
  const is_long = typeof value === "string" && value.length > LONG_UNITS;
  return is_long ? [value.length, crc32(value)] : value;
}
