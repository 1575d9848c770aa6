import { JournalBody, type JournalEvent } from "@mainstay/sdk/events";
import { sql } from "kysely";
import type { Clock } from "@mainstay/sdk/clock";
import { prepared } from "./prepared.ts";
import type { Batch, Statement, Store } from "./store.ts";

/** An event to append. Its number is taken when it is written. */
export interface Append {
  readonly turn_id: string;
  readonly body: JournalBody;
}

export type JournalCommit =
  | {
      readonly committed: true;
      readonly events: readonly JournalEvent[];
      readonly rows: readonly (readonly Record<string, unknown>[])[];
    }
  | { readonly committed: false; readonly guard: string };

export type JournalListener = (turn_id: string, event: JournalEvent) => void;

/**
 * The one way to append to journals, and to hear of it.
 *
 * 1. An event is told to listeners only after it is on disk (J1).
 * 2. Numbers are dense within a turn, whoever appends (J4): the statement itself takes the next.
 * 3. What is written can be read again: an event of another shape is refused before it is written.
 * 4. Listeners hear the events of a turn in the order of their numbers.
 */
export interface Journal {
  /** One batch of the store: guards, other rooms' writes, then the events. */
  commit(batch: Batch, events: readonly Append[]): Promise<JournalCommit>;
  /** The events of a turn after number `after`, in order. */
  read(turn_id: string, after?: number): Promise<JournalEvent[]>;
  /** Several turns at once; every asked id has an entry. */
  readMany(turn_ids: readonly string[]): Promise<Map<string, JournalEvent[]>>;
  /** Returns the call that ends the subscription. */
  subscribe(listener: JournalListener): () => void;
}

export function createJournal(store: Store, clock: Clock): Journal {
  const listeners = new Set<JournalListener>();

  return {
    async commit(batch, events) {
      const at = clock.now();
      const appends = events.map(({ turn_id, body }) =>
        appendEvent(store, turn_id, at, JournalBody.parse(body)),
      );
      const commit = await store.commit({ ...batch, writes: [...batch.writes, ...appends] });
      if (!commit.committed) return commit;
      const first = batch.writes.length;
      const written = events.map(({ body }, i) => ({
        ...body,
        seq: seqOf(commit.rows[first + i]),
        at,
      }));
      written.forEach((event, i) => {
        for (const listener of listeners) listener(events[i]!.turn_id, event);
      });
      return { committed: true, events: written, rows: commit.rows };
    },
    read: (turn_id, after = 0) => readJournal(store, turn_id, after),
    readMany: (turn_ids) => readJournals(store, turn_ids),
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

const append = prepared<{ turn_id: string; at: number; type: string; body: string }>(
  (db, slot) => ({
    compile: () =>
      sql`
    insert into journal (turn_id, seq, at, type, body)
    select ${slot("turn_id")}, coalesce(max(seq), 0) + 1, ${slot("at")}, ${slot("type")}, ${slot("body")}
    from journal where turn_id = ${slot("turn_id")}
    returning seq`.compile(db),
  }),
);

/** The write behind `commit`; returns `{seq}`. */
export const appendEvent = (
  store: Store,
  turn_id: string,
  at: number,
  body: JournalBody,
): Statement => append(store, { turn_id, at, type: body.type, body: JSON.stringify(body) });

function seqOf(rows: readonly Record<string, unknown>[] | undefined): number {
  const seq = rows?.[0]?.["seq"];
  if (typeof seq !== "number") throw new Error("an append returned no number");
  return seq;
}

const eventsAfter = prepared<{ turn_id: string; after: number }, StoredEvent>((db, slot) =>
  db
    .selectFrom("journal")
    .select(["seq", "at", "body"])
    .where("turn_id", "=", slot("turn_id"))
    .where("seq", ">", slot("after"))
    .orderBy("seq"),
);

async function readJournal(store: Store, turn_id: string, after: number): Promise<JournalEvent[]> {
  const rows = await store.query(eventsAfter(store, { turn_id, after }));
  return rows.map(parseRow);
}

async function readJournals(
  store: Store,
  turn_ids: readonly string[],
): Promise<Map<string, JournalEvent[]>> {
  const journals = new Map<string, JournalEvent[]>(turn_ids.map((id) => [id, []]));
  if (turn_ids.length === 0) return journals;
  const rows = await store.query(
    store.sql
      .selectFrom("journal")
      .select(["turn_id", "seq", "at", "body"])
      .where("turn_id", "in", [...turn_ids])
      .orderBy("turn_id")
      .orderBy("seq"),
  );
  for (const row of rows) journals.get(row.turn_id)?.push(parseRow(row));
  return journals;
}

interface StoredEvent {
  readonly seq: number;
  readonly at: number;
  readonly body: string;
}

function parseRow(row: StoredEvent): JournalEvent {
  return { ...JournalBody.parse(JSON.parse(row.body)), seq: row.seq, at: row.at };
}
