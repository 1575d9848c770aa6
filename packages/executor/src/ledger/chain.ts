/**
 * The chain's rows in exec.db. It is written within the transaction of the marker it belongs to, so
 * that neither is ever without the other.
 *
 * 1. A row is only ever added, with the next number, after the hash of the last.
 * 2. The oldest are dropped; the last of those stays as an anchor, with its number and its hash.
 * 3. What has become of a row on disk stops nothing: it is told as damaged, and the next follows on it.
 */
import type { DatabaseSync, SQLOutputValue } from "node:sqlite";
import { ConsentKind } from "@mainstay/sdk/audit";
import { z } from "zod";
import {
  CHAIN_START,
  chainBody,
  ChainEntry,
  chainHash,
  type ChainRecord,
} from "../chain-record.ts";

const DROP_EVERY = 1_000;
const ANCHOR = '{"kind":"anchor"}';
/** Numbers that damage has made too large to be told as they are. */
const TOLD = `min(n, ${Number.MAX_SAFE_INTEGER}) AS n,
  CASE WHEN abs(at) <= ${Number.MAX_SAFE_INTEGER} THEN at END AS at`;
const SELECT_PAGE = `SELECT ${TOLD}, body, hash FROM chain WHERE n > ? ORDER BY chain.n LIMIT ?`;
const SELECT_LAST = `SELECT n, hash FROM chain WHERE n < ${Number.MAX_SAFE_INTEGER} ORDER BY n DESC LIMIT 1`;

export interface Chain {
  /** Call within a transaction. `at` is wall time. Throws where the disk does not take it. */
  append(at: number, entry: ChainEntry): void;
  /** The records after number `after`, the oldest first; an anchor stands for those before it. */
  after(after: number, limit: number): ChainRecord[];
  /** What was appended since the last `settled(true)` is on disk, or is lost. */
  settled(is_durable: boolean): void;
}

/** At least `kept` records stay. */
export function openChain(db: DatabaseSync, kept: number): Chain {
  const insert = db.prepare("INSERT INTO chain (n, at, body, hash) VALUES (?, ?, ?, ?)");
  const drop = db.prepare("DELETE FROM chain WHERE n < ?");
  const anchor = db.prepare("UPDATE chain SET body = ? WHERE n = ?");
  const readAfter = pageReader(db);
  let head = lastOf(db);
  let durable_head = head;

  function dropBefore(n: number): void {
    drop.run(n);
    anchor.run(ANCHOR, n);
  }

  return {
    append(at, entry) {
      const n = head.n + 1;
      const body = chainBody(entry);
      const hash = chainHash(head.hash, n, at, body);
      insert.run(n, at, body, hash);
      if (n % DROP_EVERY === 0 && n > kept) dropBefore(n - kept);
      head = { n, hash };
    },
    after: readAfter,
    settled(is_durable) {
      if (is_durable) durable_head = head;
      else head = durable_head;
    },
  };
}

/** A page of a file that no executor holds. Throws where it is damaged. */
export const readPage = (db: DatabaseSync, after: number, limit: number): ChainRecord[] =>
  pageReader(db)(after, limit);

function pageReader(db: DatabaseSync): Chain["after"] {
  const page = db.prepare(SELECT_PAGE);
  page.setReturnArrays(true);
  // With arrays it answers with rows of columns, which its type does not say.
  return (after, limit) =>
    (page.all(after, limit) as unknown as SQLOutputValue[][]).map(readRecord);
}

const Last = z.object({ n: z.int(), hash: z.string() });

function lastOf(db: DatabaseSync): z.infer<typeof Last> {
  const found = db.prepare(SELECT_LAST).get();
  return found === undefined ? CHAIN_START : Last.parse(found);
}

/** STRICT columns: whatever bytes have become, their types hold. */
type Row = [n: number, at: number | null, body: string, hash: string];

function readRecord(raw: SQLOutputValue[]): ChainRecord {
  const [n, at, body, hash] = raw as Row;
  const place = { n, at: at ?? 0, hash };
  if (body === ANCHOR) return { kind: "anchor", ...place };
  const entry = at === null ? null : readEntry(body);
  return entry === null ? { kind: "damaged", ...place } : { ...entry, ...place };
}

/** Null for anything but the very bytes that were written. */
function readEntry(body: string): ChainEntry | null {
  const usual = readStarted(body) ?? readEnded(body);
  if (usual !== null) return usual;
  try {
    const entry = ChainEntry.safeParse(JSON.parse(body));
    return entry.success && chainBody(entry.data) === body ? entry.data : null;
  } catch {
    return null;
  }
}

/*
 * Almost all records are one of these two, whose bytes say without a parser what they are: a chain of
 * 200,000 is verified a few times faster for it. Nothing is counted in them, which takes an engine of
 * regular expressions three times as long.
 */
const ID = '"([A-Za-z0-9_.:-]+)"';
const ID_LENGTH = 128;
const SHA256 = "[0-9a-f]".repeat(64);
const CONSENT = ConsentKind.options.join("|");
const STARTED = new RegExp(
  `^\\{"command_id":${ID},"consent_kind":"(${CONSENT})","kind":"started","plan_digest":"(${SHA256})"\\}$`,
);
const EXITED = new RegExp(
  `^\\{"command_id":${ID},"exit_code":(0|-?[1-9]\\d{0,9}),"kind":"ended","outcome":"exited",` +
    `"output_sha256":"(${SHA256})","plan_digest":"(${SHA256})"\\}$`,
);

function readStarted(body: string): ChainEntry | null {
  const found = STARTED.exec(body);
  if (found === null) return null;
  const [, command_id, consent_kind, plan_digest] = found as string[] as Captures;
  if (command_id.length > ID_LENGTH) return null;
  return { kind: "started", command_id, consent_kind: consent_kind as ConsentKind, plan_digest };
}

function readEnded(body: string): ChainEntry | null {
  const found = EXITED.exec(body);
  if (found === null) return null;
  const [, command_id, code, output_sha256, plan_digest] = found as string[] as Captures;
  if (command_id.length > ID_LENGTH) return null;
  const exit_code = Number(code);
  return { kind: "ended", command_id, plan_digest, outcome: "exited", exit_code, output_sha256 };
}

/** Every group takes part in a match of these. */
type Captures = [string, string, string, string, string];
