import { sql } from "kysely";
import type { Row } from "../store/schema.ts";
import type { Guard, Statement, Store } from "../store/store.ts";

/** A turn's row, and the number of its session's last lease; null where there is no such session. */
export type OpenTurn = Row<"turn"> & { readonly fence: number | null };

const OPEN = ["queued", "running", "awaiting_approval", "parked"] as const;
const SETTLED = ["done", "failed", "cancelled"] as const;

const turnRows = (store: Store) =>
  store.sql
    .selectFrom("turn")
    .leftJoin("session", "session.id", "turn.session_id")
    .selectAll("turn")
    .select("session.fence");

/**
 * The turns that are open by their row, and those that are not although their journal has no end.
 * The latter are looked for only where there are fewer ends than settled turns.
 */
export async function openTurns(store: Store): Promise<OpenTurn[]> {
  const [open, count] = await Promise.all([
    store.query(turnRows(store).where("turn.state", "in", OPEN)),
    store.query(endCounts(store)),
  ]);
  const { settled, ends } = count[0]!;
  return settled === ends ? open : [...open, ...(await store.query(endless(store)))];
}

/** A turn as it stands now, open or not. */
export async function turnNow(store: Store, turn_id: string): Promise<OpenTurn> {
  const [row] = await store.query(turnRows(store).where("turn.id", "=", turn_id));
  if (row === undefined) throw new Error(`turn ${turn_id} is gone`);
  return row;
}

const endCounts = (store: Store) => ({
  compile: () =>
    sql<{ settled: number; ends: number }>`
      select
        (select count(*) from turn where state in ('done', 'failed', 'cancelled'))
          - (select count(*) from turn where damaged_after is not null) as settled,
        (select count(*) from journal where type = 'settled') as ends
    `.compile(store.sql),
});

const endless = (store: Store) =>
  turnRows(store)
    .where("turn.state", "in", SETTLED)
    .where("turn.damaged_after", "is", null)
    .where(
      sql<boolean>`not exists (select 1 from journal
        where journal.turn_id = turn.id and type = 'settled')`,
    );

/** Holds while the turn is what was read. */
export const untouched = (
  store: Store,
  { id, state, last_event }: Pick<OpenTurn, "id" | "state" | "last_event">,
): Guard => ({
  name: "untouched",
  expect: "some",
  query: store.sql
    .selectFrom("turn")
    .select("id")
    .where("id", "=", id)
    .where("state", "=", state)
    .where("last_event", "=", last_event)
    .compile(),
});

/** No session has a holder any more. */
export const releaseAll = (store: Store): Statement =>
  store.sql.updateTable("session").set({ holder: null }).where("holder", "is not", null).compile();

export const raiseFence = (store: Store, session_id: string, fence: number): Statement =>
  store.sql
    .updateTable("session")
    .set({ fence })
    .where("id", "=", session_id)
    .where("fence", "<", fence)
    .compile();
