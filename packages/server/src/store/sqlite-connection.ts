import { DatabaseSync } from "node:sqlite";
import { auditHash } from "./audit-hash.ts";
import { StoreFault } from "../kernel/errors.ts";

/** Only a tool of the operator (a backup, a shell) can hold the file meanwhile; longer is a fault. */
export const BUSY_MS = 5_000;

/**
 * The connection that writes: durable at every commit (J1), foreign keys on. It leaves checkpoints
 * to its owner, because those that SQLite makes by itself keep silent when they fail.
 */
export function openWriter(file: string): DatabaseSync {
  const db = new DatabaseSync(file, { timeout: BUSY_MS, enableForeignKeyConstraints: true });
  try {
    const mode = db.prepare("pragma journal_mode = wal").get()?.["journal_mode"];
    if (mode !== "wal")
      throw new StoreFault(`${file}: this file system does not allow a write-ahead log`);
    db.exec("pragma synchronous = full; pragma wal_autocheckpoint = 0");
    db.function("audit_hash", { deterministic: true }, (previous, seq, at, body) =>
      auditHash(String(previous), Number(seq), Number(at), String(body)),
    );
    return db;
  } catch (fault) {
    db.close();
    throw fault;
  }
}

/** A connection that cannot write, whatever statement it is given. */
export function openReader(file: string): DatabaseSync {
  return new DatabaseSync(file, { timeout: BUSY_MS, readOnly: true });
}
