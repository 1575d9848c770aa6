import { join } from "node:path";
import type { DatabaseSync } from "node:sqlite";
import type { AuditHead } from "@mainstay/sdk/audit-trail";
import { messageOf } from "../kernel/errors.ts";
import { openReader } from "../store/sqlite-connection.ts";
import { type Compared, type Comparison, createComparison } from "./comparison.ts";
import { createExecutorRecord, type ReadChain } from "./executor-record.ts";
import { isSigned, publicKeyOf } from "./head.ts";
import { readHeadFile } from "./head-file.ts";
import { readSigningKey } from "./signing-key.ts";
import { checkpointsOf, trailRows } from "./trail-file.ts";
import { type AuditFault, createTrailJudge, type TrailJudge, type Walk } from "./trail-judge.ts";
import { checkpointWitnesses, merged, type Witness } from "./witnesses.ts";

export interface VerifyParts {
  readonly home: string;
  /** One that was kept elsewhere; null without one. */
  readonly head: AuditHead | null;
  /** The executor's own chain. */
  readonly executor: ReadChain;
}

export interface AuditVerdict {
  readonly ok: boolean;
  readonly records: number;
  /** What they take, without SQLite's own. */
  readonly bytes: number;
  /** The last record that a signature by the key of this data folder vouches for; 0 without one. */
  readonly signed: number;
  /** The record of the exported head; null without one. */
  readonly exported: number | null;
  /** Commands that were compared with the executor's own chain; null where nobody can read that now. */
  readonly compared: number | null;
  /** The first ones, by record: the first with a `seq` names the first bad record. */
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
 * - *Who has all of MAINSTAY_HOME* can sign anew as well, put back an older `audit.head`, and write the
 *   executor's chain to match: only a head that was kept where they cannot write finds it, up to its
 *   record. Behind that nothing does.
 */
export async function verifyAudit(parts: VerifyParts): Promise<AuditVerdict> {
  const { home, head } = parts;
  // Words first, rows after: what a word is about is then there, also while a server writes.
  const noted = readHeadFile(join(home, "audit.head"));
  const executor = createExecutorRecord(parts.executor);
  const is_compared = (await executor.read()) || executor.faults.length > 0;
  const comparison = is_compared ? createComparison(executor) : null;
  const keys = knownKeys(home, head);
  const heads = [
    ...(head === null ? [] : [witnessOf("the exported head", head)]),
    ...(noted.state === "read" ? [witnessOf("audit.head", noted.head)] : []),
  ];
  const walk = walkFile(join(home, "mainstay.db"), { heads, keys, comparison });
  const compared = (await comparison?.end()) ?? null;
  const faults = [
    ...walk.faults,
    ...(noted.state === "damaged" ? [{ seq: null, fault: "audit.head holds no head" }] : []),
    ...(compared?.faults ?? []),
  ];
  const { records, bytes, vouched } = walk;
  return {
    ok: faults.length === 0,
    ...{ records, bytes, signed: vouched, exported: head?.seq ?? null },
    compared: compared?.commands ?? null,
    faults: faults.toSorted((a, b) => orderOf(a) - orderOf(b)).slice(0, NAMED),
    fault_count: faults.length,
    blind_to: blindSpots({
      records,
      signed: vouched,
      head,
      has_note: noted.state !== "absent",
      compared,
    }),
  };
}

const NAMED = 20;

const orderOf = ({ seq }: AuditFault): number => seq ?? Number.POSITIVE_INFINITY;

interface Testifying {
  readonly heads: readonly Witness[];
  readonly keys: Keys;
  readonly comparison: Comparison | null;
}

function walkFile(file: string, words: Testifying): Walk {
  try {
    const db = openReader(file);
    try {
      return walkThrough(db, words);
    } finally {
      db.close();
    }
  } catch (fault) {
    const unreadable = `mainstay.db cannot be read: ${messageOf(fault)}`;
    return { records: 0, bytes: 0, vouched: 0, faults: [{ seq: 1, fault: unreadable }] };
  }
}

function walkThrough(db: DatabaseSync, { heads, keys, comparison }: Testifying): Walk {
  const { last, rows } = checkpointsOf(db);
  const known = heads.filter(isKnown(keys.public_keys));
  const words = merged(checkpointWitnesses(rows, keys.public_keys), known);
  const judge = createTrailJudge(words, ({ name, head }) => comparison?.head(name, head));
  if (keys.fault !== null) judge.fault(null, keys.fault);
  for (const { name } of heads.filter((word) => !known.includes(word)))
    judge.fault(null, `${name} is not signed by a key that is known here`);
  for (const { name, head } of known.filter((word) => word.head.n > last))
    judge.fault(null, `${name} has checkpoint ${head.n}, but the trail's last one is ${last}`);
  readThrough(judge, db, comparison);
  return judge.end();
}

const witnessOf = (name: string, head: AuditHead): Witness => ({
  ...{ name, seq: head.seq, hash: head.hash, head },
});

const isKnown =
  (keys: readonly string[]) =>
  ({ head }: Witness): boolean =>
    keys.includes(head.public_key) && isSigned(head);

interface Keys {
  readonly public_keys: readonly string[];
  readonly fault: string | null;
}

/** The key of this folder, and that of a head which somebody kept: theirs outlives a lost audit.key. */
function knownKeys(home: string, head: AuditHead | null): Keys {
  const kept = head === null ? [] : [head.public_key];
  try {
    const own = readSigningKey(home);
    return { public_keys: own === null ? kept : [publicKeyOf(own), ...kept], fault: null };
  } catch (fault) {
    return { public_keys: kept, fault: messageOf(fault) };
  }
}

/** A file that cannot be read any further is bad from there on. */
function readThrough(judge: TrailJudge, db: DatabaseSync, comparison: Comparison | null): void {
  let last = 0;
  try {
    for (const row of trailRows(db)) {
      comparison?.record(row);
      judge.record(row);
      last = row.seq;
    }
  } catch (fault) {
    judge.fault(last + 1, `mainstay.db cannot be read from here on: ${messageOf(fault)}`);
  }
}

interface Extent {
  readonly records: number;
  readonly signed: number;
  readonly head: AuditHead | null;
  readonly has_note: boolean;
  readonly compared: Compared | null;
}

function blindSpots({ records, signed, head, has_note, compared }: Extent): string[] {
  const unsigned = records - signed;
  const open = compared?.without_result ?? 0;
  const unheard = compared?.unheard ?? 0;
  const began = compared?.began ?? null;
  return [
    ...(unsigned > 0 ? [`records not signed yet: ${unsigned}, after record ${signed}`] : []),
    ...(has_note
      ? []
      : ["there is no audit.head: nothing beside mainstay.db says how far it went"]),
    ...(open > 0
      ? [`commands that ended and whose result is not on the trail, or not yet: ${open}`]
      : []),
    ...(unheard > 0
      ? [
          `results and heads that were not compared with the executor's own chain, which could not be ` +
            `read to its end: ${unheard}`,
        ]
      : []),
    ...(began !== null
      ? [
          `the executor's own chain was begun anew at record ${began}: what ran before that is not ` +
            "compared with it",
        ]
      : []),
    ...(compared === null
      ? ["not compared with the executor's own chain: an executor runs that no server is linked to"]
      : []),
    head === null
      ? "without an exported head (--head FILE) this does not find what was changed or cut off by " +
        "somebody who can write all of MAINSTAY_HOME: rows, checkpoints, audit.key and audit.head"
      : `the exported head vouches for the records up to ${head.seq}; for those after it, only what ` +
        "lies in MAINSTAY_HOME itself does",
  ];
}
