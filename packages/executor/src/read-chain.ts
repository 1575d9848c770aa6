import { existsSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { CHAIN_PAGE_LIMIT, type ChainRecord } from "./chain-record.ts";
import { LedgerUnreadable } from "./errors.ts";
import { readPage } from "./ledger/chain.ts";

/**
 * Up to `limit` records after record `after` of a home's executor, for whoever has no link to ask by.
 * Null while an executor runs, whose ledger nobody else can read; none of a home that never had one,
 * or only of a version that kept no chain. The file is open only as long as this takes: an executor
 * that begins meanwhile wants it for itself.
 *
 * @throws LedgerUnreadable where the ledger is damaged
 */
export function readChain(
  home: string,
  after: number,
  limit = CHAIN_PAGE_LIMIT,
): ChainRecord[] | null {
  const file = join(home, "exec", "exec.db");
  if (!existsSync(file)) return [];
  try {
    return readFile(file, after, limit);
  } catch (error) {
    const { message } = error as Error;
    if (/no such table/.test(message)) return [];
    if (/locked/.test(message)) return null;
    throw new LedgerUnreadable(`exec/exec.db cannot be read: ${message}`, { cause: error });
  }
}

function readFile(file: string, after: number, limit: number): ChainRecord[] {
  const db = new DatabaseSync(file, { readOnly: true });
  try {
    return readPage(db, after, limit);
  } finally {
    db.close();
  }
}
