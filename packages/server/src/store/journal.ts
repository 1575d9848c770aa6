import { JournalBody, type JournalEvent } from "@mainstay/sdk/events";
import { sql } from "kysely";
import type { Commit, Statement, Store } from "./store.ts";

/**
 * Writes that append `body` to a turn's journal. The number is taken inside the statement, so that
 * it is dense whoever appends (J4). The statement returns `{seq}`.
 */
export function appendEvent(
  store: Store,
  turn_id: string,
  at: number,
  body: JournalBody,
): Statement {
  return sql`
    insert into journal (turn_id, seq, at, type, body)
    select ${turn_id}, coalesce(max(seq), 0) + 1, ${at}, ${body.type}, ${JSON.stringify(body)}
    from journal where turn_id = ${turn_id}
    returning seq`.compile(store.sql);
}

/** The event that `rows[index]` of a commit appended. */
export function appended(
  commit: Commit,
  index: number,
  at: number,
  body: JournalBody,
): JournalEvent {
  const seq = commit.committed ? commit.rows[index]?.[0]?.["seq"] : undefined;
  if (typeof seq !== "number") throw new Error(`write ${index} of the batch appended no event`);
  return { ...body, seq, at };
}

/** The events of a turn after number `after`, in order. */
export async function readJournal(
  store: Store,
  turn_id: string,
  after = 0,
): Promise<JournalEvent[]> {
  const rows = await store.query(
    store.sql
      .selectFrom("journal")
      .select(["seq", "at", "body"])
      .where("turn_id", "=", turn_id)
      .where("seq", ">", after)
      .orderBy("seq"),
  );
  return rows.map(parseRow);
}

/** The journals of several turns at once. */
export async function readJournals(
  store: Store,
  turn_ids: readonly string[],
): Promise<Map<string, JournalEvent[]>> {
  const journals = new Map<string, JournalEvent[]>(turn_ids.map((id) => [id, []]));
  if (turn_ids.length === 0) return journals;
  const rows = await store.query(
    store.sql
      .selectFrom("journal")
      .select(["turn_id", "seq", "at", "body"])
      .where("turn_id", "in", turn_ids)
      .orderBy("turn_id")
      .orderBy("seq"),
  );
  for (const row of rows) journals.get(row.turn_id)?.push(parseRow(row));
  return journals;
}

function parseRow(row: { seq: number; at: number; body: string }): JournalEvent {
  return { ...JournalBody.parse(JSON.parse(row.body)), seq: row.seq, at: row.at };
}
