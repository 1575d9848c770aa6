import type { Compilable, Kysely } from "kysely";
import { StoreFault, type StoreFaultKind } from "../kernel/errors.ts";
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

/** Whether the store takes writes. It goes back to `writing` by itself, from `displaced` never. */
export type StoreStatus =
  | { readonly state: "writing" }
  | {
      readonly state: "faulted";
      readonly cause: StoreFaultKind;
      readonly message: string;
      /** Wall time, milliseconds since 1970. */
      readonly since: number;
    };

/** @throws StoreFault while the store takes no writes. */
export function refuseFaulted(status: StoreStatus): void {
  if (status.state === "writing") return;
  throw new StoreFault(status.message, { cause_kind: status.cause });
}

/** Resolves when the store takes writes; rejects with the signal's reason. */
export function untilWriting(
  { status, onStatus }: Pick<Store, "status" | "onStatus">,
  signal: AbortSignal,
): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason);
    if (status().state === "writing") return resolve();
    const unsubscribe = onStatus(({ state }) => {
      if (state === "writing") end(resolve);
    });
    const stop = () => end(() => reject(signal.reason));
    signal.addEventListener("abort", stop, { once: true });
    function end(how: () => void): void {
      unsubscribe();
      signal.removeEventListener("abort", stop);
      how();
    }
  });
}

export type StatusListener = (status: StoreStatus) => void;

/**
 * The port to the database. A batch is all or nothing and durable (fsync) when `commit` resolves
 * (J1). Batches are written in the order of the calls; a failed guard takes back its batch alone.
 *
 * From a fault of the disk until the store has recovered every `commit` is refused at once, and
 * queries go on. What was not acknowledged may still be found later, whole.
 *
 * @throws StoreFault
 */
export interface Store {
  /** Builds statements in this adapter's dialect. */
  readonly sql: Kysely<Schema>;
  /** Number of this run of the server on this data; larger than of every earlier run. */
  readonly incarnation: number;
  status(): StoreStatus;
  /** Hears every change of the status. Returns the call that ends the subscription. */
  onStatus(listener: StatusListener): () => void;
  commit(batch: Batch): Promise<Commit>;
  /** Sees every batch whose `commit` was called before. */
  query<Output>(query: Compilable<Output>): Promise<Output[]>;
  /** Waits for what was begun, then lets go of the data folder. Idempotent. */
  close(): Promise<void>;
}
