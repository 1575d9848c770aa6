import type { Clock } from "@mainstay/sdk/clock";
import type { JournalBody } from "@mainstay/sdk/events";
import { isSettled } from "@mainstay/sdk/turn";
import { Refusal, refusePaused } from "../kernel/errors.ts";
import type { Pause, PauseBoard } from "../kernel/pause.ts";
import type { Journal } from "../store/journal.ts";
import type { Row } from "../store/schema.ts";
import type { Statement, Store } from "../store/store.ts";
import { foldTurn, type TurnRecord } from "../store/turn-record.ts";
import { closeApprovals, requeueTurn, settleTurn, stateGuard } from "../store/turn-writes.ts";
import { workDone } from "../turn/turn.ts";
import type { Seats } from "./seats.ts";

const TRIES = 5;

/** What a person decides about a turn from outside its run. */
export interface Decisions {
  /** Ends the turn as soon as what runs has stopped. @throws Refusal `turn_settled`. */
  cancel(turn_id: string, by: string): Promise<void>;
  /** A parked turn tries again. @throws Refusal `turn_not_parked`; `paused`, it goes on by itself. */
  retry(turn_id: string, by: string): Promise<void>;
  /** A parked turn's provisional answer stands. @throws Refusal `turn_not_parked`. */
  acceptAnswer(turn_id: string): Promise<void>;
}

export interface DecisionsParts {
  readonly store: Store;
  readonly journal: Journal;
  readonly clock: Clock;
  readonly seats: Seats;
  readonly pauses: Pick<PauseBoard, "commands" | "person">;
}

/**
 * Each decision is one batch guarded by the state it was made for; when the turn moved on
 * meanwhile, it is made again for the new state.
 */
export function createDecisions(parts: DecisionsParts): Decisions {
  const { store, journal, clock, seats, pauses } = parts;

  async function cancel(turn_id: string, by: string): Promise<void> {
    for (let tries = 0; tries < TRIES; tries++) {
      const state = await stateOf(turn_id);
      if (isSettled(state)) throw new Refusal("turn_settled", `The turn is ${state} already.`);
      const record = foldTurn(await journal.read(turn_id));
      const wish: JournalBody = { type: "cancel_requested", by };
      // A run, or a call whose fate is not known yet, comes to its own end first.
      const is_open = state === "running" || hasOpenCall(record);
      const done = is_open
        ? await decide(turn_id, state, [], [wish])
        : await decide(turn_id, state, cancelWrites(turn_id), [wish, cancelled(record, by)]);
      if (!done) continue;
      seats.cancel(turn_id, by);
      return;
    }
    throw new Error(`cancelling ${turn_id} met a moving turn ${TRIES} times`);
  }

  function cancelWrites(turn_id: string): Statement[] {
    const now = clock.now();
    return [
      settleTurn(store, turn_id, "cancelled", now),
      ...closeApprovals(store, turn_id, now, "cancelled"),
    ];
  }

  async function retry(turn_id: string, by: string): Promise<void> {
    refusePaused(await pauseOf(turn_id));
    const requeue = requeueTurn(store, turn_id, clock.now(), "retry");
    if (!(await decide(turn_id, "parked", [requeue], [{ type: "retried", by, after: "wish" }])))
      throw notParked();
  }

  /** What would park the turn again at once. */
  async function pauseOf(turn_id: string): Promise<Pause | null> {
    const [row] = await store.query(
      store.sql.selectFrom("turn").select(["person_id", "state"]).where("id", "=", turn_id),
    );
    if (row?.state !== "parked") return null;
    const { parked } = foldTurn(await journal.read(turn_id));
    const of_commands = parked?.pause?.scope === "commands" ? pauses.commands() : null;
    return of_commands ?? pauses.person(row.person_id);
  }

  async function acceptAnswer(turn_id: string): Promise<void> {
    if ((await stateOf(turn_id)) !== "parked") throw notParked();
    const { answer, usage } = foldTurn(await journal.read(turn_id));
    const settled: JournalBody = {
      type: "settled",
      state: "done",
      answer: answer ?? "No answer was found.",
      mode: "offline",
      provider: null,
      model: null,
      usage,
      error: null,
    };
    const settle = settleTurn(store, turn_id, "done", clock.now());
    if (!(await decide(turn_id, "parked", [settle], [settled]))) throw notParked();
  }

  async function decide(
    turn_id: string,
    state: Row<"turn">["state"],
    writes: Statement[],
    bodies: JournalBody[],
  ): Promise<boolean> {
    const guards = [stateGuard(store, turn_id, state)];
    const events = bodies.map((body) => ({ turn_id, body }));
    return (await journal.commit({ guards, writes }, events)).committed;
  }

  async function stateOf(turn_id: string): Promise<Row<"turn">["state"]> {
    const [row] = await store.query(
      store.sql.selectFrom("turn").select("state").where("id", "=", turn_id),
    );
    if (row === undefined) throw new Refusal("not_found", "There is no such turn.");
    return row.state;
  }

  return { cancel, retry, acceptAnswer };
}

const notParked = () =>
  new Refusal("turn_not_parked", "Only a parked turn can be retried or its answer accepted.");

const hasOpenCall = ({ steps }: TurnRecord): boolean =>
  steps.some((step) => step.calls.some((call) => call.state === "started"));

const cancelled = (record: TurnRecord, by: string): JournalBody => ({
  type: "settled",
  state: "cancelled",
  answer: `Cancelled by ${by}. ${workDone(record)}`,
  mode: record.mode ?? "full",
  provider: record.provider,
  model: record.model,
  usage: record.usage,
  error: null,
});
