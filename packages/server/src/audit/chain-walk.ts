import { auditHash, NO_RECORD_HASH } from "../store/audit-hash.ts";

/** A row of the trail as the table has it; from a damaged file it may be anything. */
export interface TrailRow {
  readonly seq: number;
  readonly at: number;
  readonly body: string;
  readonly hash: string;
}

/** How far a trail was walked: the number of the last record, and its hash as the row has it. */
export interface Place {
  readonly seq: number;
  readonly hash: string;
}

export const BEGINNING: Place = { seq: 0, hash: NO_RECORD_HASH };

/**
 * What is wrong with the record that comes after `place`, in words; null when it is the next link of the
 * chain.
 */
export function linkFault(place: Place, { seq, at, body, hash }: TrailRow): string | null {
  const expected = place.seq + 1;
  if (seq !== expected)
    return seq > expected
      ? `${missing(expected, seq - 1)} missing: record ${seq} follows record ${place.seq}`
      : `record ${seq} comes after record ${place.seq}`;
  if (auditHash(place.hash, seq, at, body) === hash) return null;
  return "it is not what was written there, or does not follow the record before it";
}

const missing = (from: number, to: number): string =>
  from === to ? `record ${from} is` : `records ${from} to ${to} are`;
