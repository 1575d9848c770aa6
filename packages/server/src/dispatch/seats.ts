import type { Clock } from "@mainstay/sdk/clock";
import type { Admission } from "../admission/admission.ts";
import {
  Cancelled,
  LeaseLost,
  messageOf,
  Stopping,
  StoreFault,
  type StoreFaultKind,
} from "../kernel/errors.ts";
import { type Store, untilWriting } from "../store/store.ts";
import type { Lease } from "../store/turn-writes.ts";
import type { Log } from "../telemetry/log.ts";
import type { Live, Turns } from "../turn/turn.ts";

const RETRY_AFTER_FAULT_MS = 1_000;
/** How often a sound store may refuse a turn before it is ended, and then its end. */
const TRIES_ON_SOUND_STORE = 5;
/** What is told to who follows a turn that stands still. */
const WAITS_FOR: Record<StoreFaultKind, string> = {
  disk_full: "waiting: the server's disk is full",
  io: "waiting: the server's disk does not take what is written",
  held: "waiting: another program holds the server's data",
  displaced: "waiting: another server has taken over the data of this one",
};

/** The turns that run now, each with the switch that stops it. */
export interface Seats {
  seat(lease: Lease): void;
  /** The turns that have one now. */
  taken(): ReadonlySet<string>;
  /** Aborts the run of a turn, if it has a seat here. */
  cancel(turn_id: string, by: string): void;
  /** Stops every run and waits for it; the journals say where to go on. */
  clear(): Promise<void>;
}

export interface SeatsParts {
  readonly store: Pick<Store, "status" | "onStatus">;
  readonly admission: Admission;
  readonly turns: Turns;
  readonly live: Pick<Live, "waits">;
  readonly clock: Clock;
  readonly log: Log;
}

export function createSeats({ store, admission, turns, live, clock, log }: SeatsParts): Seats {
  const seated = new Map<string, { controller: AbortController; ended: Promise<void> }>();
  /** Ends the pauses between tries; a seat's own signal may be spent on a cancellation already. */
  const stopping = new AbortController();

  async function run(lease: Lease, signal: AbortSignal): Promise<void> {
    const from = clock.monotonic();
    let refused = 0;
    let last: unknown = null;
    for (;;) {
      try {
        const may_go_on = refused < TRIES_ON_SOUND_STORE;
        const ending = await (may_go_on ? turns.run(lease, signal) : turns.breakDown(lease, last));
        if (ending === "settled") admission.pace.record(clock.monotonic() - from);
        return;
      } catch (fault) {
        if (fault instanceof Stopping || fault instanceof LeaseLost) return;
        log.error({ turn: lease.turn_id, fault: messageOf(fault) }, "a run broke off");
        if (!(fault instanceof StoreFault)) return;
        // Where the store is well it is the batch that is at fault, or there are too many at once.
        if (fault.cause_kind === null && ++refused === 2 * TRIES_ON_SOUND_STORE) return;
        last = fault;
        // The disk did not take it: the turn stands where its journal says. Try again from there.
        if (!(await pause(lease.turn_id, fault.cause_kind))) return;
      }
    }
  }

  /** False when the server stops meanwhile. Nobody asks a model for what cannot be kept. */
  async function pause(turn_id: string, cause: StoreFaultKind | null): Promise<boolean> {
    if (cause !== null) live.waits(turn_id, WAITS_FOR[cause]);
    try {
      await clock.sleep(RETRY_AFTER_FAULT_MS, stopping.signal);
      await untilWriting(store, stopping.signal);
      return true;
    } catch {
      return false;
    } finally {
      live.waits(turn_id, null);
    }
  }

  return {
    seat(lease) {
      const controller = new AbortController();
      const ended = run(lease, controller.signal).finally(() => seated.delete(lease.turn_id));
      seated.set(lease.turn_id, { controller, ended });
    },
    taken: () => new Set(seated.keys()),
    cancel(turn_id, by) {
      seated.get(turn_id)?.controller.abort(new Cancelled(by));
    },
    async clear() {
      stopping.abort(new Stopping());
      for (const { controller } of seated.values()) controller.abort(new Stopping());
      await Promise.all([...seated.values()].map((seat) => seat.ended));
    },
  };
}
