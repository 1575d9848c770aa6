import { existsSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { CHAIN_PAGE_LIMIT, type ChainRecord } from "./chain-record.ts";
import { readPage } from "./ledger/chain.ts";

/**
 * Up to 1000 records after record `after` of a home's executor, for whoever has no link to ask by.
 * Null while an executor runs, whose ledger nobody else can read; none of a home that never had one,
 * or only of a version that kept no chain. Throws where the ledger is damaged.
 */
export function readChain(home: string, after: number): ChainRecord[] | null {
  const file = join(home, "exec", "exec.db");
  if (!existsSync(file)) return [];
  const db = new DatabaseSync(file, { readOnly: true });
  try {
    return readPage(db, after, CHAIN_PAGE_LIMIT);
  } catch (error) {
    const { message } = error as Error;
    if (/no such table/.test(message)) return [];
    if (/locked/.test(message)) return null;
    throw error;
  } finally {
    db.close();
  }
}
