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

export type Request = CommitRequest | QueryRequest | { readonly kind: "close" };

/** Requests travel together: a message between threads costs as much as a row. */
export type Parcel = readonly Request[];

/** How a request ended. `fault` becomes a StoreFault. */
export type Outcome<Value> =
  | { readonly ok: true; readonly value: Value }
  | { readonly ok: false; readonly fault: string };

export interface Answer {
  readonly id: number;
  readonly outcome: Outcome<Commit | readonly Record<string, unknown>[]>;
}

/** `open` comes once, when the file can be used; then the answers of each group together. */
export type Report =
  | { readonly kind: "open" }
  | { readonly kind: "answers"; readonly answers: readonly Answer[] };
