import type { Compilable, Kysely } from "kysely";
import type { Schema } from "./schema.ts";

/** A compiled statement: what Kysely's `.compile()` gives. */
export interface Statement {
  readonly sql: string;
  readonly parameters: readonly unknown[];
}

/** A condition that must hold when the batch is written; else nothing of it is. */
export interface Guard {
  readonly name: string;
  readonly query: Statement;
  readonly expect: "some" | "none";
}

export interface Batch {
  readonly guards?: readonly Guard[];
  readonly writes: readonly Statement[];
}

/** `rows[i]` is what `writes[i]` returned (its RETURNING clause), else an empty list. */
export type Commit =
  | { readonly committed: true; readonly rows: readonly (readonly Record<string, unknown>[])[] }
  /** `guard` is the name of the first guard that did not hold, or `unique` for a broken unique key. */
  | { readonly committed: false; readonly guard: string };

/**
 * The port to the database. A batch is all or nothing and durable (fsync) when `commit` resolves
 * (J1). Batches are written in the order of the calls; a failed guard takes back its batch alone.
 *
 * @throws StoreFault when the disk did not take it; then nothing of the batch is kept.
 */
export interface Store {
  /** Builds statements in this adapter's dialect. */
  readonly sql: Kysely<Schema>;
  /** Number of this run of the server on this data; larger than of every earlier run. */
  readonly incarnation: number;
  commit(batch: Batch): Promise<Commit>;
  /** Sees every batch whose `commit` was called before. */
  query<Output>(query: Compilable<Output>): Promise<Output[]>;
  /** Waits for what was begun, then lets go of the data folder. Idempotent. */
  close(): Promise<void>;
}
