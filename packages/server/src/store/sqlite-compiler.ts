import {
  type DatabaseConnection,
  type Driver,
  Kysely,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
} from "kysely";
import type { Schema } from "./schema.ts";

/** Kysely that builds statements for SQLite and runs none: `.execute()` rejects. */
export function sqliteCompiler(): Kysely<Schema> {
  return new Kysely<Schema>({
    dialect: {
      createAdapter: () => new SqliteAdapter(),
      createDriver: () => refusingDriver,
      createIntrospector: (db) => new SqliteIntrospector(db),
      createQueryCompiler: () => new SqliteQueryCompiler(),
    },
  });
}

const refuse = async (): Promise<DatabaseConnection> => {
  throw new Error("statements are run by store.commit and store.query, not by .execute()");
};
const nothing = async (): Promise<void> => {};

const refusingDriver: Driver = {
  init: nothing,
  acquireConnection: refuse,
  beginTransaction: nothing,
  commitTransaction: nothing,
  rollbackTransaction: nothing,
  releaseConnection: nothing,
  destroy: nothing,
};
