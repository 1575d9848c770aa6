/**
 * The schema of exec.db. Each migration is one transaction with its number (`user_version`); there
 * is no way back, and a file with a higher number is left alone.
 */
import type { DatabaseSync } from "node:sqlite";
import { SEAL_OF_ROW } from "./seal.ts";

/** At index n: what makes schema n + 1 of schema n. */
const migrations: readonly string[] = [
  // Files from before they had a number have this table already.
  `CREATE TABLE IF NOT EXISTS command (
     command_id TEXT PRIMARY KEY,
     nonce TEXT NOT NULL UNIQUE,
     mac TEXT NOT NULL,
     expires_at INTEGER NOT NULL,
     started_at INTEGER NOT NULL,
     process TEXT,
     ended TEXT,
     output TEXT
   ) STRICT;
   CREATE INDEX IF NOT EXISTS command_expiry ON command (expires_at);
   CREATE INDEX IF NOT EXISTS command_open ON command (command_id) WHERE ended IS NULL;`,
  `ALTER TABLE command ADD COLUMN place INTEGER NOT NULL DEFAULT 0;
   ALTER TABLE command ADD COLUMN seal INTEGER NOT NULL DEFAULT 0;
   UPDATE command SET seal = ${SEAL_OF_ROW};
   DROP INDEX command_open;`,
  `CREATE TABLE chain (
     n INTEGER PRIMARY KEY,
     at INTEGER NOT NULL,
     body TEXT NOT NULL,
     hash TEXT NOT NULL
   ) STRICT;`,
];

/** Call with the file locked. Throws for a file of a later version. */
export function migrate(db: DatabaseSync): void {
  const found = db.prepare("PRAGMA user_version").get() as { user_version: number };
  if (found.user_version > migrations.length) {
    const versions = `has schema ${found.user_version}, this version knows ${migrations.length}`;
    throw new Error(`exec.db was written by a later Mainstay (it ${versions}): update this one`);
  }
  for (let version = found.user_version; version < migrations.length; version += 1) {
    db.exec(`BEGIN; ${migrations[version]} PRAGMA user_version = ${version + 1}; COMMIT;`);
  }
}
