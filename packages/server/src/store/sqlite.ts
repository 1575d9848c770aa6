import type { Clock } from "@mainstay/sdk/clock";
import type { CompiledQuery } from "kysely";
import { openDataFolder } from "./data-folder.ts";
import { sqliteCompiler } from "./sqlite-compiler.ts";
import { prepareFile } from "./sqlite-file.ts";
import { openRecoveringLink, type RecoveringLink } from "./sqlite-recovery.ts";
import type { Statement, Store } from "./store.ts";

export interface SqliteOptions {
  readonly home: string;
  readonly clock: Clock;
  /** Hears, before it begins, of what makes a start take long. */
  readonly notice?: (text: string) => void;
}

/**
 * Opens the data folder `home` as this server's own and answers with the store on its SQLite file.
 *
 * @throws DataFolderBusy, DataFolderRefused, DataDamaged, DataTooNew, StoreFault
 */
export async function openSqliteStore({
  home,
  clock,
  notice = () => {},
}: SqliteOptions): Promise<Store> {
  const folder = await openDataFolder(home, clock);
  try {
    const incarnation = prepareFile(folder, notice);
    const { data_file, head_file } = folder;
    const link = await openRecoveringLink({ data_file, head_file, incarnation }, clock);
    return storeOver(link, incarnation, () => folder.release());
  } catch (fault) {
    folder.release();
    throw fault;
  }
}

function storeOver(link: RecoveringLink, incarnation: number, release: () => void): Store {
  const sql = sqliteCompiler();
  return {
    sql,
    incarnation,
    status: link.status,
    onStatus: link.onStatus,
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
