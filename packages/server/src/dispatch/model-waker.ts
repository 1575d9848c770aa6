import type { Clock } from "@mainstay/sdk/clock";
import type { JournalEvent } from "@mainstay/sdk/events";
import type { ModelStatus } from "@mainstay/sdk/providers";
import type { Limits } from "../kernel/limits.ts";
import type { ModelBoard } from "../kernel/model-board.ts";
import type { PauseBoard } from "../kernel/pause.ts";
import type { Journal } from "../store/journal.ts";
import { prepared } from "../store/prepared.ts";
import type { Row } from "../store/schema.ts";
import type { Guard, Store } from "../store/store.ts";
import type { TurnRecord } from "../store/turn-record.ts";
import { requeueTurn } from "../store/turn-writes.ts";
import type { Log } from "../telemetry/log.ts";
import { createAwake } from "./awake.ts";
import { untouched } from "./open-turns.ts";
import { createParkedTurns } from "./parked-turns.ts";
import {
  closedRamp,
  mayWake,
  type Ramp,
  whenAnswered,
  whenAvailable,
  whenRested,
  whenUnanswered,
} from "./ramp.ts";
import { firstOf, type Standing } from "./wake-order.ts";

/** Past it the sleepers of later turns are found when the others are awake. */
const SLEEPERS = 10_000;
/** Who sleeps is not to sleep on for want of a word. */
const LOOK_AGAIN_MS = 60_000;

export interface ModelWakerParts {
  readonly store: Store;
  readonly journal: Journal;
  readonly clock: Clock;
  readonly log: Log;
  readonly models: ModelBoard;
  readonly pauses: Pick<PauseBoard, "person" | "onChange">;
  readonly limits: Pick<Limits, "waking_turns">;
}

/** A turn that waits for a model, as it was when it parked. */
type Sleeper = Standing &
  Pick<Row<"turn">, "id" | "session_id" | "person_id" | "state" | "last_event">;

/**
 * Lets the turns that no model answered go on when models can be asked again.
 *
 * 1. What a turn waits for is in its journal: whoever starts the server again finds it.
 * 2. First one is woken, then as many as its answer, and theirs, say (`ramp.ts`); one that meets no
 *    answer again takes it back to one.
 * 3. Each wake is one batch, guarded by the very event that parked the turn: of many wakers one counts.
 * 4. A session's order is its person's to change: a turn that a later one has passed is never woken.
 * 5. A turn that was woken in vain too often waits for a person: it parked so, and has said it. Where
 *    models had no room for it, that was not in vain: it waits for as long as that lasts.
 */
export function createModelWaker(parts: ModelWakerParts) {
  const { store, journal, clock, log, models, pauses, limits } = parts;
  const parked = createParkedTurns(
    { store, journal, clock, log },
    { each: note, afterwards: wake },
  );
  const awake = createAwake(clock, () => parked.again());
  const sleepers = new Map<string, Sleeper>();
  let live = false;
  let has_more = false;
  let ramp: Ramp = closedRamp;
  let available = models.available();
  let unsubscribe = () => {};
  let endRest = () => {};

  async function note(row: Row<"turn">, { parked: wait, ...record }: TurnRecord): Promise<void> {
    if (wait?.pause !== null || wait.waits_for !== "model") return;
    if (sleepers.size >= SLEEPERS) has_more = true;
    else sleepers.set(row.id, { ...row, wakes: record.wakes_without_progress });
  }

  async function wake(): Promise<void> {
    if (has_more && sleepers.size === 0) {
      has_more = false;
      parked.lookAtAll();
    }
    regard();
    ramp = whenRested(ramp, clock.monotonic());
    armRest();
    for (; live && mayWake(ramp, awake.count()) > 0; regard()) {
      const next = firstOf(sleepers.values(), ({ person_id }) => pauses.person(person_id) === null);
      if (next === null) return;
      await wakeOne(next);
    }
  }

  /** Again where a timer rings before its time, and where nobody tells that a model can be asked. */
  function armRest(): void {
    endRest();
    if (!live || ramp.state === "open" || sleepers.size === 0) return;
    const rest_ms =
      ramp.state === "resting" ? Math.max(1, ramp.until_ms - clock.monotonic()) : LOOK_AGAIN_MS;
    endRest = clock.after(rest_ms, parked.again);
  }

  async function wakeOne(sleeper: Sleeper): Promise<void> {
    const { id } = sleeper;
    awake.add(id);
    try {
      const { committed } = await journal.commit(
        {
          guards: [untouched(store, sleeper), lastOfSession(store, sleeper)],
          writes: [requeueTurn(store, id, clock.now(), "retry")],
        },
        [{ turn_id: id, body: { type: "retried", by: whoIsBack(models), after: "recovery" } }],
      );
      sleepers.delete(id);
      if (!committed) awake.left(id);
    } catch (fault) {
      awake.left(id);
      throw fault;
    }
  }

  function hear(turn_id: string, event: JournalEvent): void {
    switch (event.type) {
      case "resumed":
        return awake.seated(turn_id);
      case "step_ended":
        if (!awake.answered(turn_id)) return;
        ramp = whenAnswered(ramp, limits.waking_turns);
        return parked.again();
      case "parked":
        if (event.pause === undefined && event.waits_for !== "person") rest(turn_id);
        return leave(turn_id);
      case "approval_requested":
      case "settled":
        return leave(turn_id);
      case "retried":
      case "cancel_requested":
        sleepers.delete(turn_id);
        return;
      default:
        return;
    }
  }

  function rest(turn_id: string): void {
    ramp = whenUnanswered(ramp, awake.has(turn_id), clock.monotonic());
    parked.lookAt(turn_id);
  }

  function leave(turn_id: string): void {
    sleepers.delete(turn_id);
    if (awake.left(turn_id)) parked.again();
  }

  function look(): void {
    regard();
    parked.again();
  }

  /** Anew before each wake: a rate fills and frees without a word. */
  function regard(): void {
    const before = available;
    available = models.available();
    ramp = whenAvailable(ramp, before, available);
  }

  return {
    start(): void {
      if (live) return;
      live = true;
      const ends = [
        models.onChange(look),
        pauses.onChange((change) => {
          if (change === "lifted") parked.again();
        }),
        journal.subscribe(hear),
      ];
      unsubscribe = () => ends.forEach((end) => end());
      look();
      parked.start();
    },
    async stop(): Promise<void> {
      live = false;
      unsubscribe();
      endRest();
      await parked.stop();
      awake.clear();
    },
  };
}

const laterTurn = prepared<Pick<Sleeper, "session_id" | "ordinal">>((sql, slot) =>
  sql
    .selectFrom("turn")
    .select("id")
    .where("session_id", "=", slot("session_id"))
    .where("ordinal", ">", slot("ordinal"))
    .limit(1),
);

const lastOfSession = (store: Store, { session_id, ordinal }: Sleeper): Guard => ({
  name: "later turn",
  expect: "none",
  query: laterTurn(store, { session_id, ordinal }),
});

/** `groq can be asked again` */
function whoIsBack(models: ModelBoard): string {
  const askable = models
    .status()
    .find(({ pause, models: some }) => pause === null && some.some(isAskable));
  return `${askable?.id ?? "a model"} can be asked again`;
}

const isAskable = ({ state }: ModelStatus): boolean => state === "ready" || state === "half_open";
