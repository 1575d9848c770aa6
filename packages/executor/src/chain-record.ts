/**
 * What the executor keeps, for good, of what it did: a hash chain beside its markers, which the
 * server's audit trail is compared with. Digests, no contents.
 */
import { hash } from "node:crypto";
import { ConsentKind } from "@mainstay/sdk/audit";
import { z } from "zod";
import { RefusalCode } from "./command.ts";
import { CommandId } from "./ticket.ts";

/** At least so many of the newest records are kept; what is older is dropped behind an anchor. */
export const CHAIN_KEPT_RECORDS = 200_000;
/** At most so many are told at once. */
export const CHAIN_PAGE_LIMIT = 1_000;

const sha256 = z.string().regex(/^[0-9a-f]{64}$/);

const said = {
  /** Its nonce is burned; whether it was let go is the end's to say. */
  started: z.object({
    kind: z.literal("started"),
    command_id: CommandId,
    plan_digest: sha256,
    consent_kind: ConsentKind,
  }),
  /** Digests and code of one that exited, null where another executor or nobody saw it end. */
  ended: z.object({
    kind: z.literal("ended"),
    command_id: CommandId,
    plan_digest: sha256.nullable(),
    outcome: z.enum(["exited", "interrupted", "not_started"]),
    exit_code: z.int().nullable(),
    output_sha256: sha256.nullable(),
  }),
  refused: z.object({
    kind: z.literal("refused"),
    /** As the ticket claims it; null where it claims none. */
    command_id: CommandId.nullable(),
    code: RefusalCode,
    /** Of what was handed over as a ticket, as JSON. */
    ticket_sha256: sha256,
  }),
};

export const ChainEntry = z.discriminatedUnion("kind", [said.started, said.ended, said.refused]);
export type ChainEntry = z.infer<typeof ChainEntry>;

const place = {
  /** Dense, from 1. */
  n: z.int().min(1),
  /** Wall time, milliseconds since 1970. */
  at: z.int(),
  /** `chainHash` of the record before and of this one. */
  hash: z.string(),
};

export const ChainRecord = z.discriminatedUnion("kind", [
  said.started.extend(place),
  said.ended.extend(place),
  said.refused.extend(place),
  /** Stands for record `n` and all before it, which were dropped with age; only the first is one. */
  z.object({ kind: z.literal("anchor"), ...place }),
  /** What is in its place is no record. */
  z.object({ kind: z.literal("damaged"), ...place }),
]);
export type ChainRecord = z.infer<typeof ChainRecord>;

/** Up to where a chain is known to hold. */
export interface ChainHead {
  readonly n: number;
  readonly hash: string;
  /** The records up to this one were dropped, or the place of the first is unknown: nothing proves them. */
  readonly dropped: number;
}

export const CHAIN_START: ChainHead = { n: 0, hash: "0".repeat(64), dropped: 0 };

/**
 * JSON of what a record says, the same whoever wrote it down: its fields are flat, and sorted. Spelled
 * out, because a verifier does this for each of hundreds of thousands; no text that an entry can have
 * has anything in it to escape.
 */
export function chainBody(entry: ChainEntry): string {
  switch (entry.kind) {
    case "started":
      return `{"command_id":"${entry.command_id}","consent_kind":"${entry.consent_kind}","kind":"started","plan_digest":"${entry.plan_digest}"}`;
    case "ended":
      return `{"command_id":"${entry.command_id}","exit_code":${entry.exit_code},"kind":"ended","outcome":"${entry.outcome}","output_sha256":${quoted(entry.output_sha256)},"plan_digest":${quoted(entry.plan_digest)}}`;
    case "refused":
      return `{"code":"${entry.code}","command_id":${quoted(entry.command_id)},"kind":"refused","ticket_sha256":"${entry.ticket_sha256}"}`;
  }
}

const quoted = (text: string | null): string => (text === null ? "null" : `"${text}"`);

/** SHA-256 (hex). A change, a gap or another order breaks every link after it. */
export const chainHash = (previous: string, n: number, at: number, body: string): string =>
  hash("sha256", `${previous}\n${n}\n${at}\n${body}`, "hex");

export type ChainVerdict = { ok: true; head: ChainHead } | { ok: false; n: number; why: string };

/**
 * Whether `records` follow on `from`, link by link; names the first that does not. A head that is
 * verified is what the next page, or a later look, goes on from. That records are missing at the end
 * is for whoever knows a later head to find.
 */
export function verifyChain(
  records: Iterable<ChainRecord>,
  from: ChainHead = CHAIN_START,
): ChainVerdict {
  let head = from;
  for (const record of records) {
    const next = followChain(head, record);
    if ("why" in next) return { ok: false, n: record.n, why: next.why };
    head = next;
  }
  return { ok: true, head };
}

/** True where more was dropped than an executor drops: records were cut off, at either end. */
export const isCutShort = ({ n, dropped }: ChainHead): boolean =>
  dropped > 0 && n - dropped < CHAIN_KEPT_RECORDS;

/** The head behind one record more, or why it is not the next. */
export function followChain(head: ChainHead, record: ChainRecord): ChainHead | { why: string } {
  const { n, at, hash } = record;
  if (record.kind === "anchor") return followAnchor(head, record);
  if (n !== head.n + 1) return { why: `it follows on ${head.n}` };
  if (record.kind === "damaged") return { why: "it is no record any more" };
  if (hash !== chainHash(head.hash, n, at, chainBody(record))) {
    return { why: "its hash does not follow from what it says and the record before it" };
  }
  return { n, hash, dropped: head.dropped };
}

function followAnchor(head: ChainHead, { n, hash }: ChainRecord): ChainHead | { why: string } {
  if (n < head.n) return { why: `an anchor stands behind ${head.n}` };
  if (n === head.n && hash !== head.hash) return { why: "it is not the record that was there" };
  return { n, hash, dropped: n };
}
