import type { Clock } from "@mainstay/sdk/clock";
import type { CompiledQuery } from "kysely";
import { openDataFolder } from "./data-folder.ts";
import { migrate } from "./migrate.ts";
import { sqliteCompiler } from "./sqlite-compiler.ts";
import { openWriter } from "./sqlite-connection.ts";
import { type Link, openLink } from "./sqlite-link.ts";
import type { Statement, Store } from "./store.ts";

/**
 * Opens the data folder `home` as this server's own and answers with the store on its SQLite file.
 *
 * @throws DataFolderBusy, DataFolderRefused, DataTooNew, StoreFault
 */
export async function openSqliteStore(options: { home: string; clock: Clock }): Promise<Store> {
  const folder = await openDataFolder(options.home, options.clock);
  try {
    migrateFile(folder.data_file);
    const link = await openLink(folder.data_file);
    return storeOver(link, folder.incarnation, () => folder.release());
  } catch (fault) {
    folder.release();
    throw fault;
  }
}

/** Before the worker starts: nobody else is in the file, and nothing waits for this thread yet. */
function migrateFile(file: string): void {
  const db = openWriter(file);
  try {
    migrate(db);
  } finally {
    db.close();
  }
}

function storeOver(link: Link, incarnation: number, release: () => void): Store {
  const sql = sqliteCompiler();
  return {
    sql,
    incarnation,
    async commit({ guards = [], writes }) {
      return link.commit({
        guards: guards.map((guard) => ({ ...guard, query: sendable(guard.query) })),
        writes: writes.map(sendable),
      });
    },
    async query<Output>(query: { compile(): CompiledQuery<Output> }) {
      return (await link.query({ query: sendable(query.compile()) })) as Output[];
    },
    async close() {
      await link.close();
      release();
    },
  };
}

/** What crosses to the worker: the text and values that SQLite takes, none of Kysely's own tree. */
function sendable({ sql, parameters }: Statement): Statement {
  parameters.forEach((value, index) => {
    if (!isSqlValue(value)) {
      throw new TypeError(
        `parameter ${index + 1} is ${describe(value)}; SQLite takes null, text, finite numbers, ` +
          `bigints and bytes (booleans are 0 or 1): ${sql}`,
      );
    }
  });
  return { sql, parameters };
}

function isSqlValue(value: unknown): boolean {
  if (value === null || value instanceof Uint8Array) return true;
  return typeof value === "number" ? Number.isFinite(value) : isTextOrBigint(value);
}

const isTextOrBigint = (value: unknown): boolean =>
  typeof value === "string" || typeof value === "bigint";

const describe = (value: unknown): string =>
  typeof value === "boolean" || typeof value === "number"
    ? String(value)
    : `of type ${typeof value}`;
