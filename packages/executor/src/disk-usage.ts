import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { LOG_BOUNDS } from "./output-log.ts";

/**
 * Bytes of commands' output on disk, for whoever has no link to ask by: in the spool, and unread in
 * the ledger. Null while an executor runs, whose ledger nobody else can read. Throws where the ledger
 * is damaged.
 */
export function spoolBytes(home: string): number | null {
  const exec = join(home, "exec");
  const spool = join(exec, "spool");
  const names = existsSync(spool) ? readdirSync(spool) : [];
  const sizes = names.map((name) => statSync(join(spool, name), { throwIfNoEntry: false })?.size);
  const unread = unreadBytes(join(exec, "exec.db"));
  return unread === null ? null : sizes.reduce<number>((sum, size = 0) => sum + size, unread);
}

/** What is kept of what commands printed, one log a command, `OUTPUT_LIMIT_BYTES` at most. */
export function outputBytes(home: string): number {
  const folder = join(home, "exec", "output");
  const names = existsSync(folder) ? readdirSync(folder) : [];
  const sizes = names.map((name) => statSync(join(folder, name), { throwIfNoEntry: false })?.size);
  return sizes.reduce<number>((sum, size = 0) => sum + size, 0);
}

export const OUTPUT_LIMIT_BYTES = LOG_BOUNDS.in_all_bytes;

function unreadBytes(file: string): number | null {
  if (!existsSync(file)) return 0;
  const db = new DatabaseSync(file, { readOnly: true });
  try {
    const found = db.prepare("SELECT sum(octet_length(output)) AS bytes FROM command").get();
    return Number(found?.["bytes"] ?? 0);
  } catch (error) {
    if (/locked/.test((error as Error).message)) return null;
    throw error;
  } finally {
    db.close();
  }
}
