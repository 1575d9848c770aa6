import type { DatabaseSync } from "node:sqlite";
import { StoreFault } from "../kernel/errors.ts";
import type { DataFolder } from "./data-folder.ts";
import { refuseSpoiled } from "./data-check.ts";
import { DataDamaged } from "./data-damaged.ts";
import { lastJournalRow, refuseLoss } from "./high-water.ts";
import { DataTooNew, migrate } from "./migrate.ts";
import { prepareRewrite } from "./migration-room.ts";
import { openWriter } from "./sqlite-connection.ts";
import { describeFault, faultKindOf } from "./sqlite-fault.ts";
import { raiseIncarnation } from "./sqlite-incarnation.ts";

const HELD =
  "is held by another program (a stopped server, a backup, a shell): end it, then start again";

/**
 * Makes the data ready for this run, before the worker starts: nobody else is in the file, and nothing
 * waits for this thread yet. What takes long is told to `notice` first. Answers with the number of this run.
 *
 * @throws DataDamaged, DataTooNew, StoreFault
 */
export function prepareFile(
  { data_file, head_file, incarnation }: DataFolder,
  notice: (text: string) => void,
): number {
  try {
    return inFile(data_file, (db) => {
      refuseLoss(head_file, () => lastRow(db));
      prepareRewrite(db, data_file, notice);
      migrate(db);
      refuseSpoiled(db, data_file);
      return raiseIncarnation(db, incarnation);
    });
  } catch (cause) {
    if (cause instanceof DataDamaged || cause instanceof DataTooNew || cause instanceof StoreFault)
      throw cause;
    const cause_kind = faultKindOf(cause);
    if (cause_kind === "held") throw new StoreFault(`${data_file} ${HELD}`, { cause, cause_kind });
    throw new StoreFault(`${data_file}: ${describeFault(cause)}`, { cause, cause_kind });
  }
}

function inFile<Value>(file: string, body: (db: DatabaseSync) => Value): Value {
  const db = openWriter(file);
  try {
    return body(db);
  } finally {
    db.close();
  }
}

/** The journal's, in data of any version. */
export function lastRow(db: DatabaseSync): number {
  const has_journal = db.prepare("select 1 from sqlite_schema where name = 'journal'").get();
  return has_journal === undefined ? 0 : Number(db.prepare(lastJournalRow.sql).get()?.["last"]);
}
