import { join } from "node:path";
import type { AuditHead } from "@mainstay/sdk/audit-trail";
import { messageOf } from "../kernel/errors.ts";
import { openReader } from "../store/sqlite-connection.ts";
import { isSigned, publicKeyOf } from "./head.ts";
import { readHeadFile } from "./head-file.ts";
import { readSigningKey } from "./signing-key.ts";
import { checkpointsOf, trailRows } from "./trail-file.ts";
import { type AuditFault, createTrailJudge, type TrailJudge } from "./trail-judge.ts";
import { checkpointWitnesses, merged, type Witness } from "./witnesses.ts";

export interface VerifyParts {
  readonly home: string;
  /** One that was kept elsewhere; null without one. */
  readonly head: AuditHead | null;
}

export interface AuditVerdict {
  readonly ok: boolean;
  readonly records: number;
  /** The last record that a signature by the key of this data folder vouches for; 0 without one. */
  readonly signed: number;
  /** The record of the exported head; null without one. */
  readonly exported: number | null;
  /** The first ones, the worst place first; the first with a `seq` names the first bad record. */
  readonly faults: readonly AuditFault[];
  readonly fault_count: number;
  /** What this look could not have found. */
  readonly blind_to: readonly string[];
}

/**
 * Reads the whole trail and says whether it is what was written. A server may be at work on it.
 *
 * Who could have changed it, and what finds that:
 *
 * - *Chance, or a clumsy hand*, changes, takes out or swaps rows: the chain of hashes.
 * - *Who can write mainstay.db* can hash anew all that follows a change: the checkpoints, whose key is not
 *   in it. They can cut off the end with its checkpoints: `audit.head`, and where commands are among what
 *   is cut off, the executor's chain. While a server runs they can add a record as it could itself.
 * - *Who has all of MAINSTAY_HOME* can sign anew as well, and put back an older `audit.head`: only a head
 *   that was kept where they cannot write finds it, up to its record. Behind that nothing does.
 */
export function verifyAudit({ home, head }: VerifyParts): AuditVerdict {
  // Words first, rows after: what a word is about is then there, also while a server writes.
  const noted = readHeadFile(join(home, "audit.head"));
  const own_key = ownKey(home);
  const keys = [own_key.public_key, head?.public_key].filter((key) => typeof key === "string");
  const heads = [
    ...(head === null ? [] : [witnessOf("the exported head", head)]),
    ...(noted === null ? [] : [witnessOf("audit.head", noted)]),
  ];
  const db = openReader(join(home, "mainstay.db"));
  try {
    const { last, rows } = checkpointsOf(db);
    const known = heads.filter(isKnown(keys));
    const judge = createTrailJudge(merged(checkpointWitnesses(rows, keys), known));
    if (own_key.fault !== null) judge.fault(null, own_key.fault);
    for (const { name } of heads.filter((word) => !known.includes(word)))
      judge.fault(null, `${name} is not signed by a key that is known here`);
    for (const { name, head: at } of known.filter((word) => word.head.n > last))
      judge.fault(null, `${name} has checkpoint ${at.n}, but the last one of the trail is ${last}`);
    walk(judge, () => trailRows(db));
    const { records, faults, fault_count, vouched } = judge.end();
    return {
      ok: fault_count === 0,
      ...{ records, signed: vouched, exported: head?.seq ?? null, faults, fault_count },
      blind_to: blindSpots({ records, signed: vouched, head, has_note: noted !== null }),
    };
  } finally {
    db.close();
  }
}

const witnessOf = (name: string, head: AuditHead): Witness => ({
  ...{ name, seq: head.seq, hash: head.hash, head },
});

const isKnown =
  (keys: readonly string[]) =>
  ({ head }: Witness): boolean =>
    keys.includes(head.public_key) && isSigned(head);

/** A key that is not there judges nothing; that is a fault only where something was signed. */
function ownKey(home: string): {
  readonly public_key: string | null;
  readonly fault: string | null;
} {
  try {
    const key = readSigningKey(home);
    return { public_key: key === null ? null : publicKeyOf(key), fault: null };
  } catch (fault) {
    return { public_key: null, fault: messageOf(fault) };
  }
}

/** A file that cannot be read any further is bad from there on. */
function walk(judge: TrailJudge, rows: () => Iterable<Parameters<TrailJudge["record"]>[0]>): void {
  let read = 0;
  try {
    for (const row of rows()) {
      judge.record(row);
      read++;
    }
  } catch (fault) {
    judge.fault(read + 1, `mainstay.db cannot be read from here on: ${messageOf(fault)}`);
  }
}

interface Extent {
  readonly records: number;
  readonly signed: number;
  readonly head: AuditHead | null;
  readonly has_note: boolean;
}

function blindSpots({ records, signed, head, has_note }: Extent): string[] {
  const unsigned = records - signed;
  return [
    ...(unsigned > 0 ? [`${unsigned} records after ${signed} are not signed yet`] : []),
    ...(has_note
      ? []
      : ["there is no audit.head: nothing beside mainstay.db says how far it went"]),
    head === null
      ? "without an exported head (--head FILE) this does not find what somebody changed or cut off " +
        "who can write all of MAINSTAY_HOME: the rows, their checkpoints, audit.key and audit.head"
      : `the exported head vouches for the records up to ${head.seq}; for those after it only the ` +
        "keeper of MAINSTAY_HOME does",
  ];
}
