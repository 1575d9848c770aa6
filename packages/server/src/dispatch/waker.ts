import type { BodyOf } from "@mainstay/sdk/events";
import type { Clock } from "@mainstay/sdk/clock";
import type { Pause as ToldPause } from "@mainstay/sdk/pause";
import { messageOf } from "../kernel/errors.ts";
import type { PauseBoard, PauseScope } from "../kernel/pause.ts";
import { JournalCorrupt } from "../store/journal-corrupt.ts";
import type { Reading } from "../store/journal-reader.ts";
import type { Journal } from "../store/journal.ts";
import type { Row } from "../store/schema.ts";
import type { Store } from "../store/store.ts";
import { foldTurn } from "../store/turn-record.ts";
import { requeueTurn } from "../store/turn-writes.ts";
import type { Log } from "../telemetry/log.ts";
import { untouched } from "./open-turns.ts";

const AT_A_TIME = 128;
const RETRY_AFTER_FAULT_MS = 1_000;

export interface WakerParts {
  readonly store: Store;
  readonly journal: Journal;
  readonly clock: Clock;
  readonly log: Log;
  readonly pauses: PauseBoard;
}

/**
 * Lets the turns that a pause parked go on once it is lifted.
 *
 * 1. What a turn waits for is in its journal, what is paused in the store: whoever starts the server
 *    again finds both, and a lift is never missed.
 * 2. A turn that parks while its pause is being lifted is looked at too: its event comes after it.
 *    At the event that one turn is; all are at the start, at a lift and when the store has recovered.
 * 3. Each wake is one batch, guarded by the very event that parked the turn: of two wakers one counts.
 */
export function createWaker({ store, journal, clock, log, pauses }: WakerParts) {
  let live = false;
  let look_at_all = false;
  /** Turns that have parked since the last look. */
  const just_parked = new Set<string>();
  let busy: Promise<void> | null = null;
  let unsubscribe = () => {};
  let cancelRetry = () => {};

  function lookAtAll(): void {
    look_at_all = true;
    begin();
  }

  function begin(): void {
    if (live) busy ??= rounds();
  }

  async function rounds(): Promise<void> {
    try {
      while (live && (look_at_all || just_parked.size > 0)) await round();
    } catch (fault) {
      // What cannot be written now is looked at again when the store takes writes.
      if (store.status().state === "faulted") return;
      log.error({ fault: messageOf(fault) }, "paused turns could not be woken; trying again");
      cancelRetry();
      if (live) cancelRetry = clock.after(RETRY_AFTER_FAULT_MS, lookAtAll);
    } finally {
      busy = null;
    }
  }

  async function round(): Promise<void> {
    if (look_at_all) {
      look_at_all = false;
      just_parked.clear();
      return await lookThrough();
    }
    const some = [...just_parked].slice(0, AT_A_TIME);
    for (const turn_id of some) just_parked.delete(turn_id);
    await lookAt(await store.query(parkedTurns().where("id", "in", some)));
  }

  async function lookThrough(): Promise<void> {
    let page = await pageAfter(-1);
    while (live && page.length > 0) {
      await lookAt(page);
      page = await pageAfter(page.at(-1)!.ordinal);
    }
  }

  const parkedTurns = () => store.sql.selectFrom("turn").selectAll().where("state", "=", "parked");

  const pageAfter = (ordinal: number): Promise<Row<"turn">[]> =>
    store.query(parkedTurns().where("ordinal", ">", ordinal).orderBy("ordinal").limit(AT_A_TIME));

  async function lookAt(rows: readonly Row<"turn">[]): Promise<void> {
    const journals = await journal.readMany(rows.map(({ id }) => id));
    await Promise.all(rows.map((row) => wakeIfLifted(row, journals.get(row.id)!)));
  }

  async function wakeIfLifted(row: Row<"turn">, reading: Reading): Promise<void> {
    if (reading instanceof JournalCorrupt) return;
    const pause = foldTurn(reading).parked?.pause;
    const what = pause && scopeOf(pause, row.person_id);
    if (!what || isHeld(what)) return;
    const by = pauses.liftedBy(what) ?? "the end of the pause";
    await journal.commit(
      {
        guards: [untouched(store, { ...row, fence: null })],
        writes: [requeueTurn(store, row.id, clock.now(), "retry")],
      },
      [{ turn_id: row.id, body: { type: "retried", by, after: "lift" } }],
    );
  }

  const isHeld = (what: TurnPause): boolean =>
    (what.scope === "commands" ? pauses.commands() : pauses.person(what.person_id)) !== null;

  /** Whose work it is the event does not say, so that a person's pause is looked up. */
  const mayBeLifted = ({ pause }: BodyOf<"parked">): boolean =>
    pause !== undefined && (pause.scope === "person" || pauses.commands() === null);

  return {
    start(): void {
      if (live) return;
      live = true;
      const ends = [
        pauses.onChange((change) => {
          if (change === "lifted") lookAtAll();
        }),
        journal.subscribe((turn_id, event) => {
          if (event.type !== "parked" || !mayBeLifted(event)) return;
          just_parked.add(turn_id);
          begin();
        }),
        store.onStatus(({ state }) => {
          if (state === "writing") lookAtAll();
        }),
      ];
      unsubscribe = () => ends.forEach((end) => end());
      lookAtAll();
    },
    async stop(): Promise<void> {
      live = false;
      unsubscribe();
      cancelRetry();
      await busy;
    },
  };
}

type TurnPause = Exclude<PauseScope, { scope: "provider" }>;

/** Null for a provider's: who misses one waits for a model, whichever it is. */
function scopeOf({ scope }: ToldPause, person_id: string): TurnPause | null {
  if (scope === "provider") return null;
  return scope === "commands" ? { scope } : { scope, person_id };
}
