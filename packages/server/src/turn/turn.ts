import type { Clock } from "@mainstay/sdk/clock";
import type { JournalBody } from "@mainstay/sdk/events";
import { Cancelled, LeaseLost, messageOf, Stopping, StoreFault } from "../kernel/errors.ts";
import type { Limits } from "../kernel/limits.ts";
import type { ModelPort } from "../kernel/model.ts";
import type { PauseBoard } from "../kernel/pause.ts";
import type { Memory } from "../memory/memory.ts";
import type { Journal } from "../store/journal.ts";
import type { Store } from "../store/store.ts";
import { JournalCorrupt } from "../store/journal-corrupt.ts";
import { abandonTurn, endTurn, type Lease, leaseGuard } from "../store/turn-writes.ts";
import type { Log } from "../telemetry/log.ts";
import type { Toolbox } from "../tools/tools.ts";
import type { Live } from "./live.ts";
import type { CostOf } from "./lost-attempt.ts";
import { openRun, type Run } from "./run.ts";

export type { Live } from "./live.ts";
export { workDone } from "./work-done.ts";

/** How a run ended: the turn is over, or waits for a person, for a model, or for a pause's end. */
export type Ending = "settled" | "awaiting" | "parked";

export interface Turns {
  /**
   * Runs a turn from wherever its journal stands until it settles or must wait.
   *
   * 1. The journal is the truth: the next move is decided from it alone.
   * 2. Every write carries the lease; without it nothing is written (J2).
   * 3. What started and has no result is recovered, never silently run again (J3).
   *
   * @throws LeaseLost, Stopping, StoreFault; the journal then says where to go on.
   */
  run(lease: Lease, signal: AbortSignal): Promise<Ending>;
  /** Ends a turn that cannot go on for a fault of ours, as failed. @throws LeaseLost, StoreFault */
  breakDown(lease: Lease, fault: unknown): Promise<Ending>;
}

export interface TurnParts {
  readonly store: Store;
  readonly journal: Journal;
  readonly model: ModelPort;
  readonly toolbox: Toolbox;
  readonly memory: Memory;
  readonly live: Live;
  readonly clock: Clock;
  readonly log: Log;
  readonly limits: Limits;
  readonly pauses: Pick<PauseBoard, "person" | "provider">;
  readonly costOf: CostOf;
}

export function createTurns(parts: TurnParts): Turns {
  return {
    async run(lease, signal) {
      try {
        return await runToEnd(await openRun(parts, lease), signal);
      } catch (fault) {
        if (isOfTheHouse(fault)) throw fault;
        return await breakDown(parts, lease, fault);
      }
    },
    breakDown: (lease, fault) => breakDown(parts, lease, fault),
  };
}

async function runToEnd(run: Run, signal: AbortSignal): Promise<Ending> {
  for (;;) {
    try {
      const ending = await run.advance(signal);
      if (ending !== null) return ending;
    } catch (fault) {
      // The wish to cancel is in the journal already: read it, and settle.
      if (!(fault instanceof Cancelled)) throw fault;
      await run.reload();
    }
  }
}

/** The turn's own end is not the answer to these: its journal says where to go on. */
const isOfTheHouse = (fault: unknown): boolean =>
  fault instanceof LeaseLost || fault instanceof StoreFault || fault instanceof Stopping;

/** A fault of ours: an honest end instead of a turn that hangs, also where the journal is the fault. */
async function breakDown(
  { store, journal, clock, log }: TurnParts,
  lease: Lease,
  fault: unknown,
): Promise<Ending> {
  const { turn_id } = lease;
  const message = messageOf(fault);
  const guards = [leaseGuard(store, lease)];
  log.error({ turn: turn_id, fault: message }, "a turn broke down");
  if (fault instanceof JournalCorrupt) {
    const writes = abandonTurn(store, lease, clock.now());
    if (!(await journal.endDamaged(turn_id, { guards, writes }))) throw new LeaseLost(turn_id);
    return "settled";
  }
  const settled: JournalBody = {
    type: "settled",
    state: "failed",
    answer: "Something broke inside Mainstay, so this turn was stopped. What it did before stands.",
    mode: "full",
    provider: null,
    model: null,
    usage: { input_tokens: 0, output_tokens: 0 },
    error: { code: "internal", message },
  };
  const commit = await journal.commit(
    { guards, writes: endTurn(store, lease, "failed", clock.now()) },
    [{ turn_id, body: settled }],
  );
  if (!commit.committed) throw new LeaseLost(turn_id);
  return "settled";
}
