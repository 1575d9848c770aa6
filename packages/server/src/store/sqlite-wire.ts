import type { StoreFaultKind } from "../kernel/errors.ts";
import type { Commit, Guard, Statement } from "./store.ts";

/** What the server's thread and the store's worker say to each other, by structured clone. */
export interface CommitRequest {
  readonly kind: "commit";
  readonly id: number;
  readonly guards: readonly Guard[];
  readonly writes: readonly Statement[];
}

export interface QueryRequest {
  readonly kind: "query";
  readonly id: number;
  readonly query: Statement;
}

/** Asks the worker to open its connection that writes, anew where it had one. */
export interface RecoverRequest {
  readonly kind: "recover";
  readonly id: number;
}

export type Request = CommitRequest | QueryRequest | RecoverRequest | { readonly kind: "close" };

/** Requests travel together: a message between threads costs as much as a row. */
export type Parcel = readonly Request[];

/** It becomes a StoreFault. With a `cause_kind` the store is at fault, not the request. */
export interface Failure {
  readonly ok: false;
  readonly fault: string;
  readonly cause_kind: StoreFaultKind | null;
}

export type StoreFailure = Failure & { readonly cause_kind: StoreFaultKind };

/** How a request ended. */
export type Outcome<Value> = { readonly ok: true; readonly value: Value } | Failure;

export interface Answer {
  readonly id: number;
  readonly outcome: Outcome<Commit | readonly Record<string, unknown>[]>;
}

/**
 * `open` comes once, when the file can be read; then the answers of each group together. `broken`
 * comes before the answers that tell the same.
 */
export type Report =
  | { readonly kind: "open" }
  | { readonly kind: "broken"; readonly failure: StoreFailure }
  | { readonly kind: "answers"; readonly answers: readonly Answer[] };

/** What a worker is started with. */
export interface WorkerSettings {
  readonly data_file: string;
  readonly head_file: string;
  readonly incarnation: number;
}
