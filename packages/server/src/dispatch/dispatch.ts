import type { Clock } from "@mainstay/sdk/clock";
import type { Admission } from "../admission/admission.ts";
import type { Actor } from "../kernel/lifecycle.ts";
import type { Limits } from "../kernel/limits.ts";
import type { ModelBoard } from "../kernel/model-board.ts";
import type { PauseBoard } from "../kernel/pause.ts";
import type { Journal } from "../store/journal.ts";
import type { Store } from "../store/store.ts";
import type { Log } from "../telemetry/log.ts";
import type { Live, Turns } from "../turn/turn.ts";
import { createDecisions, type Decisions } from "./decisions.ts";
import { createLeaser } from "./leaser.ts";
import { createModelWaker } from "./model-waker.ts";
import { rescue } from "./rescuer.ts";
import { createSeats } from "./seats.ts";
import type { Suspects } from "./suspects.ts";
import { createWaker } from "./waker.ts";

export { createSuspects } from "./suspects.ts";

export interface DispatchParts {
  readonly store: Store;
  readonly journal: Journal;
  readonly admission: Admission;
  readonly suspects: Suspects;
  readonly turns: Turns;
  readonly live: Pick<Live, "waits">;
  readonly pauses: PauseBoard;
  readonly models: ModelBoard;
  readonly limits: Pick<Limits, "waking_turns">;
  readonly clock: Clock;
  readonly log: Log;
}

/** Gives admitted turns a seat, runs them, and brings back what a crash left behind. */
export interface Dispatch extends Actor, Decisions {}

export function createDispatch(parts: DispatchParts): Dispatch {
  const seats = createSeats(parts);
  const leaser = createLeaser({ ...parts, seats });
  const waker = createWaker(parts);
  const model_waker = createModelWaker(parts);
  const decisions = createDecisions({ ...parts, seats });

  return {
    async start() {
      for (const turn_id of await rescue(parts)) parts.suspects.add(turn_id);
      leaser.start();
      waker.start();
      model_waker.start();
    },
    async stop() {
      await Promise.all([waker.stop(), model_waker.stop(), leaser.stop()]);
      await seats.clear();
    },
    ...decisions,
  };
}
