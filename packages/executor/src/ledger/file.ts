/**
 * Opens exec.db, locked. One that is damaged as a whole is moved aside and a new one begun: as long
 * as `exec.db.damaged-TIME` lies beside it, what it does not know is *doubtful*, not unknown.
 */
import { readdirSync, renameSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { type HighWater, openHighWater } from "./high-water.ts";
import { migrate } from "./migrations.ts";
import { teachSeal } from "./seal.ts";

const LOCK_WAIT_MS = 10_000;
const NAME = "exec.db";
const ASIDE = `${NAME}.damaged-`;

export interface Doubt {
  /** When the damage was found; wall time, milliseconds since 1970. */
  since: number;
  why: string;
}

export interface LedgerFile {
  db: DatabaseSync;
  high_water: HighWater;
  /** The number of the last marker. */
  place: number;
  doubt: Doubt | null;
}

/** Throws `ERR_SQLITE_ERROR` ("database is locked") where another executor lives on. */
export function openLedgerFile(folder: string, now: number): LedgerFile {
  const high_water = openHighWater(join(folder, "exec.head"));
  try {
    const { db, place } = openWhole(folder, high_water, now);
    high_water.note(place);
    return { db, high_water, place, doubt: findDoubt(folder) };
  } catch (error) {
    high_water.close();
    throw error;
  }
}

function openWhole(folder: string, high_water: HighWater, now: number) {
  const file = join(folder, NAME);
  const db = openLocked(file);
  const damage = prepare(db, high_water.noted());
  if (damage === null) return { db, place: lastPlace(db) };
  moveAside(folder, now); // locked: whoever waits for the lock gets a file that is not in place
  db.close();
  const fresh = openLocked(file);
  migrate(fresh);
  return { db: fresh, place: 0 };
}

function openLocked(file: string): DatabaseSync {
  const before = inode(file);
  const db = new DatabaseSync(file, { timeout: LOCK_WAIT_MS });
  teachSeal(db);
  try {
    db.exec(
      "PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;",
    );
    db.exec("BEGIN EXCLUSIVE; COMMIT;");
  } catch (error) {
    if (damageIn(error) === null) {
      db.close();
      throw error;
    }
  }
  if (before === null || before === inode(file)) return db;
  db.close();
  throw new Error("database is locked by an executor that has just moved it aside");
}

const inode = (file: string) => statSync(file, { throwIfNoEntry: false })?.ino ?? null;

/** Says what is wrong with all of it, or null. A single damaged row is that row's affair. */
function prepare(db: DatabaseSync, noted: number): string | null {
  try {
    // Not `integrity_check`: to compare each index with its table takes seconds at a million rows.
    const [found] = db.prepare("PRAGMA quick_check(1)").all();
    if (found?.["quick_check"] !== "ok") return String(found?.["quick_check"]);
    migrate(db);
    const place = lastPlace(db);
    return place < noted ? `${noted - place} of its writes are missing` : null;
  } catch (error) {
    const damage = damageIn(error);
    if (damage !== null) return damage;
    db.close();
    throw error;
  }
}

const SQLITE_ERROR = 1; // a statement does not fit the schema any more
const SQLITE_CORRUPT = 11;
const SQLITE_NOTADB = 26;
const SQLITE_IOERR_SHORT_READ = 522;

/** A full disk or a lock is no damage. */
function damageIn(error: unknown): string | null {
  const { errcode = 0, message } = error as Error & { errcode?: number };
  const primary = errcode & 0xff;
  const is_damage =
    [SQLITE_ERROR, SQLITE_CORRUPT, SQLITE_NOTADB].includes(primary) ||
    errcode === SQLITE_IOERR_SHORT_READ;
  return is_damage ? message : null;
}

function lastPlace(db: DatabaseSync): number {
  const found = db.prepare("SELECT max(place) AS place FROM command").get();
  return Number(found?.["place"] ?? 0);
}

/** One is enough to keep: its name tells since when to doubt. */
function moveAside(folder: string, now: number): void {
  for (const name of readdirSync(folder).filter((name) => name.startsWith(ASIDE))) {
    rmSync(join(folder, name));
  }
  for (const suffix of ["", "-wal"]) {
    const from = join(folder, NAME + suffix);
    if (inode(from) !== null) renameSync(from, join(folder, ASIDE + String(now) + suffix));
  }
}

function findDoubt(folder: string): Doubt | null {
  const name = readdirSync(folder).find((name) => /\.damaged-\d+$/.test(name));
  if (name === undefined) return null;
  const why = `the executor's ledger was found damaged and begun anew (exec/${name} is the old one); whether the command ran before is unknown`;
  return { since: Number(name.slice(ASIDE.length)), why };
}
