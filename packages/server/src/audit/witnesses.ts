import type { AuditHead } from "@mainstay/sdk/audit-trail";
import { messageOf } from "../kernel/errors.ts";
import type { Row } from "../store/schema.ts";
import { headOf, isSigned } from "./head.ts";

/** Somebody's word of what hash a record had. */
export interface Witness {
  readonly name: string;
  readonly seq: number;
  readonly hash: string;
  /** What the table does not say of itself: a head outlives whoever writes mainstay.db. */
  readonly head: AuditHead;
}

/** One word after the other, by record; a string is what is wrong with a checkpoint that cannot be one. */
export type Testimony = Witness | string;

/**
 * The checkpoints of the table as witnesses: dense in number, never going back, each signed by one of the
 * keys.
 */
export function* checkpointWitnesses(
  rows: Iterable<Row<"audit_checkpoint">>,
  public_keys: readonly string[],
): Generator<Testimony> {
  let n = 0;
  let seq = 0;
  try {
    for (const row of rows) {
      if (row.n !== n + 1) yield `${missing(n + 1, row.n - 1)} missing`;
      n = row.n;
      const head = signedBy(row, public_keys);
      if (head === null) yield `checkpoint ${n} is not signed by a key that is known here`;
      else if (head.seq < seq) yield `checkpoint ${n} goes back to record ${head.seq}`;
      else {
        seq = head.seq;
        yield { name: `checkpoint ${n}`, seq, hash: head.hash, head };
      }
    }
  } catch (fault) {
    yield `the checkpoints after ${n} cannot be read: ${messageOf(fault)}`;
  }
}

function signedBy(row: Row<"audit_checkpoint">, public_keys: readonly string[]): AuditHead | null {
  const heads = public_keys.map((key) => headOf(row, key));
  return heads.find((head) => head !== null && isSigned(head)) ?? null;
}

const missing = (from: number, to: number): string =>
  from === to ? `checkpoint ${from} is` : `checkpoints ${from} to ${to} are`;

/** Two rows of words as one, by record. */
export function* merged(
  first: Iterable<Testimony>,
  others: readonly Witness[],
): Generator<Testimony> {
  const waiting = others.toSorted((a, b) => a.seq - b.seq);
  for (const word of first) {
    if (typeof word !== "string")
      while (waiting[0] !== undefined && waiting[0].seq < word.seq) yield waiting.shift()!;
    yield word;
  }
  yield* waiting;
}
