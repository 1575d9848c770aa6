import type { DatabaseSync } from "node:sqlite";

/** One step forward of the data's shape. There is no way back: a backup is. */
export interface Migration {
  readonly name: string;
  /** Where it writes every row anew: it takes time, and as much disk again until it is done. */
  readonly rewrites?: true;
  /** Runs inside a transaction that is not its own, on the connection that writes. */
  readonly up: (db: DatabaseSync) => void;
}
