import { dataFaults } from "./data-check.ts";
import { refuseLoss } from "./high-water.ts";
import { JournalCorrupt } from "./journal-corrupt.ts";
import { type Joined, told } from "./journal-reader.ts";
import { migrations } from "./migrations/migrations.ts";
import { openReader } from "./sqlite-connection.ts";
import { lastRow } from "./sqlite-file.ts";
import { foldTurn } from "./turn-record.ts";

/** What a look at the whole data file finds. It is the file as a server of this program made it. */
export interface DataSurvey {
  readonly used_bytes: number;
  readonly open_turns: number;
  readonly turns: number;
  /** Ids of turns whose journal cannot be believed. */
  readonly damaged_turns: readonly string[];
  /** Ids of edits of which neither all nor nothing stands. */
  readonly torn_edits: readonly string[];
  /** What is wrong beside the journals, in words. */
  readonly faults: readonly string[];
}

/**
 * Reads all of the data, which takes about a second for 10,000 turns, and changes nothing. A server may
 * be at work on it: a turn is one statement, so that none is seen half, and there is no transaction
 * around them all, because it would keep the server from cutting its log. Null where the data is of
 * another version.
 *
 * @throws DataDamaged where the data ends before what was acknowledged
 * @throws the fault of SQLite, where the file is too damaged to be read
 */
export function surveyData(data_file: string, head_file: string): DataSurvey | null {
  const db = openReader(data_file);
  try {
    refuseLoss(head_file, () => lastRow(db));
    const one = (sql: string): number => Number(Object.values(db.prepare(sql).get()!)[0]);
    if (one("pragma user_version") !== migrations.length) return null;
    const pages = one("pragma page_count") - one("pragma freelist_count");
    const journal = db.prepare(JOURNAL);
    const ids = db.prepare("select id from turn order by ordinal").all();
    const damaged = ids
      .map((row) => String(row["id"]))
      .filter((id) => isDamaged(journal.all(id) as unknown as Joined[]));
    return {
      used_bytes: pages * one("pragma page_size"),
      open_turns: one("select count(*) from turn where settled_at is null"),
      turns: ids.length,
      damaged_turns: damaged,
      torn_edits: db
        .prepare("select id from edit where state = 'torn' order by ordinal")
        .all()
        .map((row) => String(row["id"])),
      faults: dataFaults(db, Number.POSITIVE_INFINITY),
    };
  } finally {
    db.close();
  }
}

const JOURNAL = `
  select turn.id as turn_id, last_event, damaged_after, settled_at,
    journal.seq, journal.at, journal.type, journal.body, journal.checksum
  from turn left join journal on journal.turn_id = turn.id
  where turn.id = ? order by journal.seq`;

/** A turn that was ended for its damage counts: its rows are still there to be looked into. */
function isDamaged(joined: readonly Joined[]): boolean {
  try {
    foldTurn(told(joined, 0));
    return joined[0]?.damaged_after !== null;
  } catch (fault) {
    if (fault instanceof JournalCorrupt) return true;
    throw fault;
  }
}
