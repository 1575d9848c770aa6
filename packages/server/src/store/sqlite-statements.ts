import type { DatabaseSync, SQLInputValue, StatementSync } from "node:sqlite";
import type { Statement } from "./store.ts";

/** Prepared statements kept; past it the one unused for longest is let go. */
const KEPT = 256;

export interface Statements {
  all(statement: Statement): Record<string, unknown>[];
  /** Whether there is a row. */
  some(statement: Statement): boolean;
}

/** Runs statements, preparing each text once. A Map keeps the order of use: the first is the oldest. */
export function preparedStatements(db: DatabaseSync): Statements {
  const kept = new Map<string, StatementSync>();

  function prepared(text: string): StatementSync {
    const statement = kept.get(text) ?? db.prepare(text);
    kept.delete(text);
    kept.set(text, statement);
    if (kept.size > KEPT) kept.delete(kept.keys().next().value!);
    return statement;
  }

  return {
    all: ({ sql, parameters }) => prepared(sql).all(...(parameters as SQLInputValue[])),
    some: ({ sql, parameters }) =>
      prepared(sql).get(...(parameters as SQLInputValue[])) !== undefined,
  };
}
