import { DatabaseSync } from "node:sqlite";
import { DataDamaged } from "./data-damaged.ts";
import { migrate } from "./migrate.ts";
import { migrations } from "./migrations/migrations.ts";

/** Every table but the journal, which proves itself wherever it is read. */
const TABLES = [
  "person",
  "api_key",
  "workspace",
  "session",
  "turn",
  "idempotency",
  "approval",
  "rule",
  "policy",
  "override",
  "command",
  "edit",
  "host_grant",
  "provider_state",
  "usage",
  "server_run",
  "audit",
  "audit_checkpoint",
] as const;

/** A longer table is left to `mainstay doctor`: a start must not wait for it (100,000 take about 1 s). */
const ROWS_AT_START = 100_000;
/** Without it the look-ups in the indexes read the same pages again and again. */
const CACHE_KIB = 65_536;

/**
 * Looks for damage where no journal would show it: in the schema, and in the tables beside the journal,
 * whose rows must match their copies in indexes and refer to rows that are there.
 *
 * @throws DataDamaged
 */
export function refuseSpoiled(db: DatabaseSync, file: string): void {
  const faults = dataFaults(db, ROWS_AT_START);
  if (faults.length === 0) return;
  throw new DataDamaged(
    `${file} is damaged (${faults[0]}): something changed it that is not Mainstay. ` +
      "Restore a backup of it; keep this copy, its journals may still be read",
  );
}

/** What is wrong with the schema and with every table of at most `limit_rows` rows; empty when nothing is. */
export function dataFaults(db: DatabaseSync, limit_rows: number): string[] {
  db.exec(`pragma cache_size = -${CACHE_KIB}`);
  const tables = TABLES.filter((table) => rowsOf(db, table) <= limit_rows);
  return [...schemaFaults(db), ...tables.flatMap((table) => tableFaults(db, table))];
}

/** An upper bound: rows are numbered as they come. */
const rowsOf = (db: DatabaseSync, table: string): number =>
  Number(db.prepare(`select max(rowid) as last from ${table}`).get()?.["last"]);

/** What the migrations make must be there, white space aside; an operator may add to it. */
function schemaFaults(db: DatabaseSync): string[] {
  const fresh = new DatabaseSync(":memory:");
  migrate(fresh, migrations);
  const [found, made] = [schemaOf(db), schemaOf(fresh)];
  fresh.close();
  const changed = [...made].filter(([name, sql]) => found.get(name) !== sql);
  return changed.map(([name]) => `its schema at ${name}`);
}

const schemaOf = (db: DatabaseSync): Map<string, string> =>
  new Map(
    db
      .prepare("select name, tbl_name, sql from sqlite_schema where name not like 'sqlite_%'")
      .all()
      .map((row) => [
        String(row["name"]),
        [row["tbl_name"], row["sql"]].join(": ").replaceAll(/\s+/gu, " "),
      ]),
  );

function tableFaults(db: DatabaseSync, table: string): string[] {
  const told = db.prepare(`pragma integrity_check(${table})`).all();
  const orphans = db.prepare(`pragma foreign_key_check(${table})`).all();
  return [
    ...told.map((row) => String(row["integrity_check"])).filter((line) => line !== "ok"),
    ...orphans.map((row) => `${table} refers to a ${String(row["parent"])} that is not there`),
  ];
}
