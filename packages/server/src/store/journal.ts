import { JournalBody, type JournalEvent } from "@mainstay/sdk/events";
import { sql } from "kysely";
import type { Clock } from "@mainstay/sdk/clock";
import { journalChecksum } from "./journal-checksum.ts";
import {
  damagedEnd,
  type Reading,
  readJournal,
  readJournals,
  standingEvents,
} from "./journal-reader.ts";
import { prepared } from "./prepared.ts";
import { endTurnDamaged } from "./turn-writes.ts";
import type { Batch, Statement, Store } from "./store.ts";

/** An event to append. Its number is taken when it is written. */
export interface Append {
  readonly turn_id: string;
  readonly body: JournalBody;
}

/** What stands in the place of an event from now on; number and time stay. */
export interface FoldedEvent {
  readonly seq: number;
  readonly at: number;
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
 * 5. What is not what was written is not told: every row carries a checksum, every turn its last number.
 */
export interface Journal {
  /** One batch of the store: guards, other rooms' writes, then the events. */
  commit(batch: Batch, events: readonly Append[]): Promise<JournalCommit>;
  /** The events of a turn after number `after`, in order. @throws JournalCorrupt */
  read(turn_id: string, after?: number): Promise<JournalEvent[]>;
  /** Several turns at once; every asked id has an entry. */
  readMany(turn_ids: readonly string[]): Promise<Map<string, Reading>>;
  /**
   * Ends an open turn whose journal cannot be read, as failed with code `journal_damaged`, together
   * with the batch. False when a guard of the batch does not hold.
   */
  endDamaged(turn_id: string, batch: Batch): Promise<boolean>;
  /** Puts less in the place of events of a settled turn, and notes when. Nobody is told: it is long over. */
  fold(turn_id: string, events: readonly FoldedEvent[], at: number): Promise<void>;
  /** Returns the call that ends the subscription. */
  subscribe(listener: JournalListener): () => void;
}

export function createJournal(store: Store, clock: Clock): Journal {
  const listeners = new Set<JournalListener>();
  const tell: JournalListener = (turn_id, event) => {
    for (const listener of listeners) listener(turn_id, event);
  };

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
      written.forEach((event, i) => tell(events[i]!.turn_id, event));
      return { committed: true, events: written, rows: commit.rows };
    },
    read: (turn_id, after = 0) => readJournal(store, turn_id, after),
    readMany: (turn_ids) => readJournals(store, turn_ids),
    async endDamaged(turn_id, { guards = [], writes }) {
      const damaged_after = await standingEvents(store, turn_id);
      const end = damagedEnd(damaged_after, clock.now());
      const mark = endTurnDamaged(store, turn_id, damaged_after, end.at);
      const commit = await store.commit({ guards, writes: [...writes, mark] });
      if (commit.committed) tell(turn_id, end);
      return commit.committed;
    },
    async fold(turn_id, events, at) {
      const rows = events.map((event) => replaceEvent(store, turn_id, event));
      await store.commit({ writes: [...rows, noteFolded(store, turn_id, at)] });
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

const append = prepared<{
  turn_id: string;
  at: number;
  type: string;
  body: string;
  checksum: number;
}>((db, slot) => ({
  compile: () =>
    sql`
    insert into journal (turn_id, seq, at, type, body, checksum)
    select ${slot("turn_id")}, coalesce(max(seq), 0) + 1, ${slot("at")}, ${slot("type")},
      ${slot("body")}, ${slot("checksum")}
    from journal where turn_id = ${slot("turn_id")}
    returning seq`.compile(db),
}));

/** The write behind `commit`; returns `{seq}`. */
export function appendEvent(
  store: Store,
  turn_id: string,
  at: number,
  event: JournalBody,
): Statement {
  const body = JSON.stringify(event);
  const checksum = journalChecksum(turn_id, at, event.type, body);
  return append(store, { turn_id, at, type: event.type, body, checksum });
}

function replaceEvent(store: Store, turn_id: string, { seq, at, body }: FoldedEvent): Statement {
  const { type } = body;
  const text = JSON.stringify(JournalBody.parse(body));
  const checksum = journalChecksum(turn_id, at, type, text);
  return store.sql
    .updateTable("journal")
    .set({ type, body: text, checksum })
    .where("turn_id", "=", turn_id)
    .where("seq", "=", seq)
    .compile();
}

const noteFolded = (store: Store, turn_id: string, folded_at: number): Statement =>
  store.sql
    .updateTable("turn")
    .set({ folded_at })
    .where("id", "=", turn_id)
    .where("settled_at", "is not", null)
    .compile();

function seqOf(rows: readonly Record<string, unknown>[] | undefined): number {
  const seq = rows?.[0]?.["seq"];
  if (typeof seq !== "number") throw new Error("an append returned no number");
  return seq;
}
