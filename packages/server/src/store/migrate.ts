import type { DatabaseSync } from "node:sqlite";
import { StoreFault } from "../kernel/errors.ts";
import type { Migration } from "./migrations/migration.ts";
import { migrations } from "./migrations/migrations.ts";
import { describeFault, faultKindOf } from "./sqlite-fault.ts";

/** The data was written by a newer program; reading it with this one could spoil it. */
export class DataTooNew extends Error {
  constructor(found: number, known: number) {
    super(
      `the data has version ${found}, but this program knows versions up to ${known}: ` +
        "start the newer Mainstay that wrote it, or restore a backup made by this one",
    );
    this.name = "DataTooNew";
  }
}

/**
 * Brings the data to the newest version, each migration in a transaction of its own.
 *
 * @throws DataTooNew before anything is touched; StoreFault when a migration fails, with the
 * migrations before it kept.
 */
export function migrate(db: DatabaseSync, steps: readonly Migration[] = migrations): void {
  const found = versionOf(db);
  if (found > steps.length) throw new DataTooNew(found, steps.length);
  for (const [index, step] of steps.entries()) {
    if (index >= found) apply(db, step, index + 1);
  }
}

export function versionOf(db: DatabaseSync): number {
  return Number(db.prepare("pragma user_version").get()?.["user_version"]);
}

function apply(db: DatabaseSync, step: Migration, version: number): void {
  try {
    db.exec("begin immediate");
    step.up(db);
    db.exec(`pragma user_version = ${version}; commit`);
  } catch (cause) {
    if (db.isTransaction) db.exec("rollback");
    const why = `migration ${version} (${step.name}) failed: ${describeFault(cause)}`;
    throw new StoreFault(why, { cause, cause_kind: faultKindOf(cause) });
  }
}
