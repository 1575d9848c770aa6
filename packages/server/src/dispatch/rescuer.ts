import type { Clock } from "@mainstay/sdk/clock";
import type { JournalEvent } from "@mainstay/sdk/events";
import { isSettled } from "@mainstay/sdk/turn";
import { JournalCorrupt } from "../store/journal-corrupt.ts";
import type { Reading } from "../store/journal-reader.ts";
import type { Journal } from "../store/journal.ts";
import type { Statement, Store } from "../store/store.ts";
import { foldTurn, type TurnRecord } from "../store/turn-record.ts";
import { abandonTurn, closeApprovals } from "../store/turn-writes.ts";
import type { Log } from "../telemetry/log.ts";
import { approvalMends } from "./approval-mends.ts";
import { approvalColumns, fenceOf, type TurnColumns, turnColumns } from "./columns.ts";
import {
  openTurns,
  type OpenTurn,
  raiseFence,
  releaseAll,
  turnNow,
  untouched,
} from "./open-turns.ts";

const AT_A_TIME = 128;
/** How often a turn may move while it is brought back: each time a person decides about it. */
const TRIES = 20;

export interface RescuerParts {
  readonly store: Store;
  readonly journal: Journal;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * Makes the columns of every open turn say what its journal says, whatever an earlier run left in
 * them. What was running goes back into the queue, where its early place gives it the first seat.
 *
 * R1 The lock of the data folder proves that no earlier incarnation lives: its leases are void (J2).
 * R2 A turn is one batch, guarded by what was read of it: who decides meanwhile wins, and the turn is
 *    read again.
 * R3 A turn whose journal is damaged ends as failed; the others do not hear of it.
 * R4 It may be broken off anywhere, and begun again.
 *
 * @returns the turns that were being resumed when the server went down, and had not got on (J7).
 */
export async function rescue(parts: RescuerParts): Promise<string[]> {
  const { store, journal, log } = parts;
  await store.commit({ writes: [releaseAll(store)] });
  const open = await openTurns(store);
  const suspects: string[] = [];
  for (let from = 0; from < open.length; from += AT_A_TIME) {
    const rows = open.slice(from, from + AT_A_TIME);
    const journals = await journal.readMany(rows.map((row) => row.id));
    const records = rows.map((row) => bringBack(parts, row, journals.get(row.id)!));
    for (const [index, record] of (await Promise.all(records)).entries())
      if (record !== null && isSuspect(record)) suspects.push(rows[index]!.id);
  }
  if (open.length > 0) log.info({ turns: open.length }, "open turns of the last run are back");
  return suspects;
}

const isSuspect = (record: TurnRecord): boolean =>
  record.state === "running" &&
  record.resumes_without_progress + record.adoptions_without_progress > 0;

/** Null where the journal tells of no turn. */
async function bringBack(
  parts: RescuerParts,
  found: OpenTurn,
  first: Reading,
): Promise<TurnRecord | null> {
  const { id } = found;
  let [row, reading] = [found, first];
  for (let tries = 0; tries < TRIES; tries++) {
    const end = await tryOnce(parts, row, reading);
    if (end !== "moved") return end;
    row = await turnNow(parts.store, id);
    reading = (await parts.journal.readMany([id])).get(id)!;
  }
  throw new Error(`bringing ${id} back met a moving turn ${TRIES} times`);
}

async function tryOnce(
  parts: RescuerParts,
  row: OpenTurn,
  reading: Reading,
): Promise<TurnRecord | null | "moved"> {
  try {
    if (reading instanceof JournalCorrupt) throw reading;
    const record = foldTurn(reading);
    return (await mend(parts, row, record, reading)) ? record : "moved";
  } catch (fault) {
    if (!(fault instanceof JournalCorrupt)) throw fault;
    return (await giveUp(parts, row, fault)) ? null : "moved";
  }
}

/** False where the turn is no longer what was read. */
async function mend(
  { store, clock, log }: RescuerParts,
  row: OpenTurn,
  record: TurnRecord,
  events: readonly JournalEvent[],
): Promise<boolean> {
  const told = turnColumns(record);
  const wrong = columnNames.filter((name) => row[name] !== told[name]);
  const approvals = await approvalMends(store, row, approvalColumns(row.id, record, events));
  const fence = fenceOf(events);
  const has_old_fence = (row.fence ?? 0) < fence;
  const now = clock.now();
  const writes: Statement[] = [
    ...(wrong.length > 0 ? [setColumns(store, row, told, now)] : []),
    ...(has_old_fence ? [raiseFence(store, told.session_id, fence)] : []),
    ...approvals,
    ...(record.settled_at === null ? [] : closeApprovals(store, row.id, now, "ended")),
  ];
  if (writes.length === 0) return true;
  const { committed } = await store.commit({ guards: [untouched(store, row)], writes });
  if (!committed) return false;
  const spoiled = [
    ...wrong.filter((name) => name !== "state" || row.state !== record.state),
    ...(has_old_fence ? ["fence"] : []),
    ...(approvals.length > 0 ? ["approval"] : []),
  ];
  if (spoiled.length > 0)
    log.error({ turn: row.id, spoiled }, "columns did not say what the journal says; mended");
  return true;
}

const columnNames = ["state", "session_id", "workspace_id", "urgency", "settled_at"] as const;

function setColumns(store: Store, row: OpenTurn, told: TurnColumns, now: number): Statement {
  const is_back = told.state === "queued" && row.state !== "queued";
  const queued = is_back ? { queued_at: now, queued_by: "restart" as const } : {};
  return store.sql
    .updateTable("turn")
    .set({ ...told, ...queued })
    .where("id", "=", row.id)
    .compile();
}

/** As `mend`. What ended long ago stays as it is; its readers hear of the damage. */
async function giveUp(
  { store, journal, clock, log }: RescuerParts,
  row: OpenTurn,
  fault: JournalCorrupt,
): Promise<boolean> {
  log.error({ turn: row.id, state: row.state, fault: fault.message }, "a journal is damaged");
  if (isSettled(row.state)) return true;
  const writes = abandonTurn(store, { turn_id: row.id, session_id: row.session_id }, clock.now());
  return await journal.endDamaged(row.id, { guards: [untouched(store, row)], writes });
}
