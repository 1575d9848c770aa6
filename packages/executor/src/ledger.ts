/**
 * The executor's own durable memory, `home/exec/exec.db`, written by it alone. Its exclusive lock
 * is the executor's lock: the kernel drops it when the process dies, however it dies.
 *
 * 1. Every function that writes a marker returns after the disk has it (synchronous=FULL).
 * 2. A row's markers come in the order started, released, ended; none is ever taken back.
 * 3. A nonce and a command id are burned by the same insert, so that neither can start twice.
 */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { z } from "zod";
import { CommandEnd } from "./command.ts";
import { ProcessIdentity } from "./process-table.ts";
import type { Ticket } from "./ticket.ts";

const LOCK_WAIT_MS = 10_000;
const FORGOTTEN_LIMIT = 256;
/** Ended rows are kept this long after their ticket's expiry, lest the clock steps back. */
const KEEP_MS = 7 * 24 * 60 * 60 * 1000;
const KEEP_UNREAD_MS = 90 * 24 * 60 * 60 * 1000;

export type Markers =
  | { state: "started" }
  | { state: "released"; process: ProcessIdentity }
  | { state: "ended"; end: CommandEnd };

export interface LedgerRow {
  command_id: string;
  /** Of the ticket that burned the nonce. */
  mac: string;
  markers: Markers;
}

export interface Ledger {
  find(command_id: string): LedgerRow | null;
  isBurned(nonce: string): boolean;
  /** Commands that a dead executor left without an end. */
  open(): LedgerRow[];
  start(ticket: Ticket, now: number): void;
  release(command_id: string, process: ProcessIdentity): void;
  end(command_id: string, end: CommandEnd): void;
  /** The output is not needed any more. Written with the next start: a crash only keeps it longer. */
  forgetOutput(command_id: string): void;
  prune(now: number): void;
  close(): void;
}

/** Throws `ERR_SQLITE_ERROR` ("database is locked") where another executor lives on. */
export function openLedger(home: string): Ledger {
  const folder = join(home, "exec");
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const db = new DatabaseSync(join(folder, "exec.db"), { timeout: LOCK_WAIT_MS });
  db.exec(`
    PRAGMA locking_mode = EXCLUSIVE;
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = FULL;
    BEGIN EXCLUSIVE;
    CREATE TABLE IF NOT EXISTS command (
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
    CREATE INDEX IF NOT EXISTS command_open ON command (command_id) WHERE ended IS NULL;
    COMMIT;
  `);
  const columns = "SELECT command_id, mac, process, ended, output FROM command";
  const find = db.prepare(`${columns} WHERE command_id = ?`);
  const open = db.prepare(`${columns} WHERE ended IS NULL`);
  const nonce = db.prepare("SELECT 1 FROM command WHERE nonce = ?");
  const start = db.prepare(
    "INSERT INTO command (command_id, nonce, mac, expires_at, started_at) VALUES (?, ?, ?, ?, ?)",
  );
  const release = db.prepare("UPDATE command SET process = ? WHERE command_id = ?");
  const end = db.prepare(
    "UPDATE command SET ended = ?, output = ? WHERE command_id = ? AND ended IS NULL",
  );
  const forget = db.prepare("UPDATE command SET output = NULL WHERE command_id = ?");
  const forgotten = new Set<string>();
  // A row that still has its output was never acknowledged: its server may be down for long.
  const prune = db.prepare(
    "DELETE FROM command WHERE ended IS NOT NULL AND expires_at < CASE WHEN output IS NULL THEN ? ELSE ? END",
  );

  return {
    find(command_id) {
      const row = find.get(command_id);
      if (row === undefined) return null;
      return readRow(forgotten.has(command_id) ? { ...row, output: null } : row);
    },
    isBurned: (burned) => nonce.get(burned) !== undefined,
    open: () => open.all().map(readRow),
    start({ plan, nonce, mac, expires_at }, now) {
      db.exec("BEGIN IMMEDIATE");
      try {
        start.run(plan.command_id, nonce, mac, expires_at, now);
        for (const command_id of forgotten) forget.run(command_id);
        db.exec("COMMIT");
        forgotten.clear();
      } catch (error) {
        if (db.isTransaction) db.exec("ROLLBACK");
        throw error;
      }
    },
    release(command_id, process) {
      release.run(JSON.stringify(process), command_id);
    },
    end(command_id, ended) {
      if (ended.outcome !== "exited") return void end.run(JSON.stringify(ended), null, command_id);
      const { output, ...rest } = ended;
      end.run(JSON.stringify(rest), output, command_id);
    },
    forgetOutput(command_id) {
      forgotten.add(command_id);
      if (forgotten.size >= FORGOTTEN_LIMIT) writeForgotten();
    },
    prune: (now) => void prune.run(now - KEEP_MS, now - KEEP_UNREAD_MS),
    close() {
      writeForgotten();
      db.close();
    },
  };

  function writeForgotten(): void {
    for (const command_id of forgotten) forget.run(command_id);
    forgotten.clear();
  }
}

const Stored = z.object({
  command_id: z.string(),
  mac: z.string(),
  process: z.string().nullable(),
  ended: z.string().nullable(),
  output: z.string().nullable(),
});

function readRow(raw: unknown): LedgerRow {
  const { command_id, mac, process, ended, output } = Stored.parse(raw);
  return { command_id, mac, markers: readMarkers(process, ended, output) };
}

function readMarkers(process: string | null, ended: string | null, output: string | null): Markers {
  if (ended !== null) {
    const end = CommandEnd.parse({ output: output ?? "", ...JSON.parse(ended) });
    return { state: "ended", end };
  }
  if (process === null) return { state: "started" };
  return { state: "released", process: ProcessIdentity.parse(JSON.parse(process)) };
}
