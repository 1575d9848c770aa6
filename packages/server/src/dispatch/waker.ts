import type { BodyOf } from "@mainstay/sdk/events";
import type { Clock } from "@mainstay/sdk/clock";
import type { Pause as ToldPause } from "@mainstay/sdk/pause";
import type { PauseBoard, PauseScope } from "../kernel/pause.ts";
import type { Journal } from "../store/journal.ts";
import type { Row } from "../store/schema.ts";
import type { Store } from "../store/store.ts";
import type { TurnRecord } from "../store/turn-record.ts";
import { requeueTurn } from "../store/turn-writes.ts";
import type { Log } from "../telemetry/log.ts";
import { untouched } from "./open-turns.ts";
import { createParkedTurns } from "./parked-turns.ts";

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
  const parked = createParkedTurns({ store, journal, clock, log }, { each: wakeIfLifted });
  let live = false;
  let unsubscribe = () => {};

  async function wakeIfLifted(row: Row<"turn">, record: TurnRecord): Promise<void> {
    const pause = record.parked?.pause;
    const what = pause && scopeOf(pause, row.person_id);
    if (!what || isHeld(what)) return;
    const by = pauses.liftedBy(what) ?? "the end of the pause";
    await journal.commit(
      {
        guards: [untouched(store, row)],
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
          if (change === "lifted") parked.lookAtAll();
        }),
        journal.subscribe((turn_id, event) => {
          if (event.type === "parked" && mayBeLifted(event)) parked.lookAt(turn_id);
        }),
      ];
      unsubscribe = () => ends.forEach((end) => end());
      parked.start();
    },
    async stop(): Promise<void> {
      live = false;
      unsubscribe();
      await parked.stop();
    },
  };
}

type TurnPause = Exclude<PauseScope, { scope: "provider" }>;

/** Null for a provider's: who misses one waits for a model, whichever it is. */
function scopeOf({ scope }: ToldPause, person_id: string): TurnPause | null {
  if (scope === "provider") return null;
  return scope === "commands" ? { scope } : { scope, person_id };
}
