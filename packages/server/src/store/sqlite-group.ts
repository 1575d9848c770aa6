import type { DatabaseSync } from "node:sqlite";
import { StoreFault } from "../kernel/errors.ts";
import { failureOf, faultKindOf, isUniqueViolation } from "./sqlite-fault.ts";
import { preparedStatements, type Statements } from "./sqlite-statements.ts";
import type { CommitRequest, Outcome } from "./sqlite-wire.ts";
import type { Commit, Statement } from "./store.ts";

/**
 * G1 A group is one transaction, so one fsync serves all its batches (J1).
 * G2 A batch is one savepoint: a guard that fails, a broken key or a bad statement takes back that
 *    batch alone.
 * G3 No outcome leaves before COMMIT has returned. When the transaction itself is lost (disk full, I/O error), every batch of the group is a fault, those that found
 *    their guard failing too: they may have judged rows that are gone.
 * G4 Whatever happened, no transaction is open afterwards: the next group starts clean.
 * G5 A group is written only while `mayWrite` has a row, which the transaction itself sees (J2).
 */
export type Batch = Pick<CommitRequest, "guards" | "writes">;
export type BatchOutcome = Outcome<Commit>;

const command = (sql: string): Statement => ({ sql, parameters: [] });
const BEGIN = command("begin immediate");
const COMMIT = command("commit");
const SAVEPOINT = command("savepoint batch");
const RELEASE = command("release batch");
const UNDO = command("rollback to batch");

/** A function that writes groups of batches in order, with one outcome for each. */
export function groupWriter(
  db: DatabaseSync,
  mayWrite: Statement,
): (batches: readonly Batch[]) => BatchOutcome[] {
  const statements = preparedStatements(db);
  return (batches) => {
    try {
      statements.all(BEGIN);
      if (!statements.some(mayWrite)) throw displaced();
      const outcomes = batches.map((batch) => writeBatch(db, statements, batch));
      statements.all(COMMIT);
      return outcomes;
    } catch (fault) {
      if (db.isTransaction) db.exec("rollback");
      const lost = failureOf(fault);
      return batches.map(() => lost);
    }
  };
}

/** A newer run of the server has the data now. */
export const displaced = (): StoreFault =>
  new StoreFault("another server has taken over this data folder", { cause_kind: "displaced" });

function writeBatch(db: DatabaseSync, statements: Statements, batch: Batch): BatchOutcome {
  statements.all(SAVEPOINT);
  try {
    const failed = batch.guards.find((g) => statements.some(g.query) !== (g.expect === "some"));
    if (failed) return refused(statements, failed.name);
    const rows = batch.writes.map((write) => statements.all(write));
    statements.all(RELEASE);
    return { ok: true, value: { committed: true, rows } };
  } catch (fault) {
    if (!db.isTransaction || faultKindOf(fault) !== null) throw fault;
    if (isUniqueViolation(fault)) return refused(statements, "unique");
    undo(statements);
    return failureOf(fault);
  }
}

function refused(statements: Statements, guard: string): BatchOutcome {
  undo(statements);
  return { ok: true, value: { committed: false, guard } };
}

function undo(statements: Statements): void {
  statements.all(UNDO);
  statements.all(RELEASE);
}
