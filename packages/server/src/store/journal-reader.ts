import type { BodyOf, JournalEvent } from "@mainstay/sdk/events";
import { JournalCorrupt } from "./journal-corrupt.ts";
import { type JournalHead, type JournalRow, provenEvents } from "./journal-rows.ts";
import { prepared } from "./prepared.ts";
import type { Row } from "./schema.ts";
import type { Store } from "./store.ts";
import { foldTurn } from "./turn-record.ts";

/** What reading a journal gives: its events, or why nothing of it is told. */
export type Reading = JournalEvent[] | JournalCorrupt;

/** A turn's head beside one of its rows; `seq` is null where there is no such row. */
export type Joined = JournalHead &
  Pick<Row<"turn">, "damaged_after" | "settled_at"> &
  (JournalRow | { readonly seq: null });

const rowsAfter = prepared<{ turn_id: string; after: number }, Joined>((db, slot) =>
  db
    .selectFrom("turn")
    .leftJoin("journal", (join) =>
      join.onRef("journal.turn_id", "=", "turn.id").on("journal.seq", ">", slot("after")),
    )
    .select(["turn.id as turn_id", "turn.last_event", "turn.damaged_after", "turn.settled_at"])
    .select(["journal.seq", "journal.at", "journal.type", "journal.body", "journal.checksum"])
    .where("turn.id", "=", slot("turn_id"))
    .orderBy("journal.seq")
    .$castTo<Joined>(),
);

/** The events of a turn after number `after`; empty for a turn that is not. @throws JournalCorrupt */
export async function readJournal(
  store: Store,
  turn_id: string,
  after: number,
): Promise<JournalEvent[]> {
  return told(await store.query(rowsAfter(store, { turn_id, after })), after);
}

/** Several journals at once; every asked id has an entry. */
export async function readJournals(
  store: Store,
  turn_ids: readonly string[],
): Promise<Map<string, Reading>> {
  const readings = turn_ids.map(async (turn_id): Promise<[string, Reading]> => {
    try {
      return [turn_id, await readJournal(store, turn_id, 0)];
    } catch (fault) {
      if (!(fault instanceof JournalCorrupt)) throw fault;
      return [turn_id, fault];
    }
  });
  return new Map(await Promise.all(readings));
}

/** The events of a turn after number `after`, told by its rows after that. @throws JournalCorrupt */
export function told(joined: readonly Joined[], after: number): JournalEvent[] {
  const [head] = joined;
  if (head === undefined) return [];
  const rows = joined.filter((row) => row.seq !== null);
  if (head.damaged_after === null) return provenEvents(head, rows, after);
  const standing = { turn_id: head.turn_id, last_event: head.damaged_after };
  const intact = rows.filter(({ seq }) => seq <= standing.last_event);
  const end = damagedEnd(head.damaged_after, head.settled_at ?? 0);
  const events = provenEvents(standing, intact, after);
  return after < end.seq ? [...events, end] : events;
}

/**
 * How a turn ends whose journal is damaged after event `seq`. It is told, not written: the damaged
 * rows stay as they are, for whoever looks into it.
 */
export function damagedEnd(damaged_after: number, at: number): JournalEvent & BodyOf<"settled"> {
  const message =
    `The record of this turn is damaged after event ${damaged_after}, so it was stopped. ` +
    "What it did before stands; what it did since is not known.";
  return {
    type: "settled",
    seq: damaged_after + 1,
    at,
    state: "failed",
    answer: message,
    mode: "full",
    provider: null,
    model: null,
    usage: { input_tokens: 0, output_tokens: 0 },
    error: { code: "journal_damaged", message },
  };
}

/** How many events of a damaged journal make a turn that can end: all before the first fault. */
export async function standingEvents(store: Store, turn_id: string): Promise<number> {
  const intact = await readJournal(store, turn_id, 0).catch((fault: unknown) => {
    if (fault instanceof JournalCorrupt) return fault.intact;
    throw fault;
  });
  let standing = 0;
  while (standing < intact.length && isOpen(intact.slice(0, standing + 1))) standing++;
  return standing;
}

function isOpen(events: readonly JournalEvent[]): boolean {
  try {
    return foldTurn(events).settled_at === null;
  } catch {
    return false;
  }
}
