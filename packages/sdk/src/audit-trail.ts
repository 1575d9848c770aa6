import { z } from "zod";
import { AuditRecord } from "./audit.ts";
import { listOf } from "./resources.ts";

/** What is told of the audit trail: its records as people look them up, and the word that it stands. */

const sha256 = z.string().regex(/^[0-9a-f]{64}$/);

/** The last link of a chain of hashes: its number, and what it and all before it hash to. */
export const ChainHead = z.strictObject({ n: z.int().positive(), hash: sha256 });
export type ChainHead = z.infer<typeof ChainHead>;

/**
 * A signed word of how far the trail went: whoever keeps it where the trail's keepers cannot write
 * proves by it later that nothing up to there was changed, taken out or cut off.
 */
export const AuditHead = z.strictObject({
  format: z.literal("mainstay-audit-head-1"),
  /** Of the checkpoint; dense from 1. */
  n: z.int().positive(),
  /** Of the record. */
  seq: z.int().positive(),
  hash: sha256,
  at: z.iso.datetime(),
  /** Where the executor's own chain was; null where it could not be asked. */
  executor: ChainHead.nullable(),
  /** Ed25519, 32 bytes in base64url. */
  public_key: z.string().regex(/^[\w-]{43}$/),
  /** Ed25519 over `signedText`, 64 bytes in base64url. */
  signature: z.string().regex(/^[\w-]{86}$/),
});
export type AuditHead = z.infer<typeof AuditHead>;

/**
 * A page of the executor's own chain of hashes: what it started, how that ended, what it refused.
 * Whoever verifies it knows the rest of its records.
 */
export const ExecutorChain = z.object({
  items: z.array(z.looseObject({ n: z.int(), kind: z.string() })),
  /** False: nobody can read it now, because an executor runs that this server has no link to. */
  readable: z.boolean(),
});
export type ExecutorChain = z.infer<typeof ExecutorChain>;

/** One record as it is looked up. */
export const AuditItem = z.object({
  seq: z.int(),
  at: z.string(),
  /** Of the record and all before it. */
  hash: z.string(),
  /** Null where the row cannot be read: `mainstay audit verify` says what is wrong with it. */
  record: AuditRecord.nullable(),
  /** Names of the people in the record by their ids; those who are gone are left out. */
  people: z.record(z.string(), z.string()),
  /** The command, where a journal or an approval still has it; it is no part of the trail. */
  command: z.string().nullable(),
});
export type AuditItem = z.infer<typeof AuditItem>;

/** A page of the trail, and what its keeper knows to be wrong with it as a whole; null for nothing. */
export const AuditPage = listOf(AuditItem).extend({ damage: z.string().nullable() });
export type AuditPage = z.infer<typeof AuditPage>;

/** Which records; all that are given must fit. */
export const AuditFilter = z.strictObject({
  /** Id or name of a person whom the record is about, or who decided. */
  person: z.string().max(128).optional(),
  turn: z.string().max(128).optional(),
  command: z.string().max(128).optional(),
  kind: z.string().max(64).optional(),
  /** ISO 8601; this moment is in. */
  since: z.iso.datetime({ offset: true }).optional(),
  /** ISO 8601; this moment is out. */
  until: z.iso.datetime({ offset: true }).optional(),
});
export type AuditFilter = z.infer<typeof AuditFilter>;
