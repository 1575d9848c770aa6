import type { Clock } from "@mainstay/sdk/clock";
import type { Usage } from "@mainstay/sdk/turn";
import type { TargetLimits } from "../target.ts";
import { longest, type Obstacle } from "./obstacle.ts";
import { aged, type KeptRate } from "./kept-rate.ts";
import type { RateAsk } from "./rate-ask.ts";
import type { RateWindow } from "./rate-headers.ts";
import { createRateLog } from "./rate-log.ts";
import { type Charge, createRateWindows } from "./rate-windows.ts";

const pacingDefaults = {
  /** After a refusal for its rate that does not say for how long; each further one is twice as long. */
  first_back_off_ms: 2_000,
  longest_back_off_ms: 60_000,
} as const;

export type Readiness =
  | { readonly ready: true }
  | {
      readonly ready: false;
      /** At least so long; 0 where it hangs on the end of a call; Infinity where `never`. */
      readonly in_ms: number;
      /** In words for the person. */
      readonly reason: string;
      /** The request is larger than the whole window: no waiting helps. */
      readonly never: boolean;
    };

/** A place in the rate of a target. The first of `settle` and `release` counts. */
export interface Reservation {
  /**
   * The call was accepted: its answer's headers have come. To be told at once, because the times in them
   * count from now; at the end of a long stream they are of the past.
   */
  heard(windows: readonly RateWindow[]): void;
  /** The call was sent and is over; null where nobody knows what it took, so all of it counts. */
  settle(usage: Usage | null, windows?: readonly RateWindow[]): void;
  /** It was never sent. */
  release(): void;
}

/**
 * Keeps the calls of one target within its rates: those that its answers tell of, those that the
 * operator set, and what it said when it refused. Shared by all users.
 *
 * 1. No call is sent that a window, a limit or a refusal does not allow.
 * 2. Who waits is served in order; nobody who does not wait overtakes.
 * 3. After a refusal for the rate one call tries alone, until one was answered. Calls that were sent
 *    before it say nothing of the rate that is left, however long they last.
 * 4. Waiters are served once all that is being told is told: a settled call and its refusal are one.
 * 5. There is a timer only while somebody waits. How many wait is bounded by the turns that run.
 */
export interface Pacing {
  ready(ask: RateAsk): Readiness;
  /** Null where it is not ready. */
  reserve(ask: RateAsk): Reservation | null;
  /** Null where it can never be. @throws the signal's reason. */
  wait(ask: RateAsk, signal: AbortSignal): Promise<Reservation | null>;
  /** The target refused a call for its rate; null where it does not say for how long. */
  afterRate(retry_after_ms: number | null): void;
  /** For a restart; what is counted here for want of the provider's word is left out. */
  kept(wall_now: number): KeptRate;
  /** Before the first call. */
  restore(rate: KeptRate, wall_now: number): void;
}

interface Waiter {
  readonly ask: RateAsk;
  readonly serve: (reservation: Reservation | null) => void;
}

export function createPacing(parts: { clock: Clock; limits: TargetLimits }): Pacing {
  const { clock, limits } = parts;
  const windows = createRateWindows();
  const log = createRateLog(limits);
  const queue: Waiter[] = [];
  let in_flight = 0;
  let refusals = 0;
  /** Sent after the last refusal, and under way. */
  const trials = new Set<Charge>();
  let blocked_until_ms = -Infinity;
  let disarm = () => undefined as void;

  function obstacle(ask: RateAsk): Obstacle | null {
    const now_ms = clock.monotonic();
    return longest([
      crowded(),
      blocked(now_ms),
      windows.obstacle(ask, now_ms),
      log.obstacle(ask, now_ms),
    ]);
  }

  function crowded(): Obstacle | null {
    if (refusals > 0 && trials.size > 0)
      return { in_ms: 0, reason: "its rate was used up, and one call tries whether it is free" };
    if (limits.concurrency === null || in_flight < limits.concurrency) return null;
    return { in_ms: 0, reason: `${limits.concurrency} calls run, and it takes no more at once` };
  }

  function blocked(now_ms: number): Obstacle | null {
    if (now_ms >= blocked_until_ms) return null;
    return { in_ms: blocked_until_ms - now_ms, reason: "it said that its rate is used up" };
  }

  function take(ask: RateAsk): Reservation {
    const now_ms = clock.monotonic();
    const charge = windows.reserve(ask, now_ms);
    const entry = log.add(ask, now_ms);
    let is_open = true;
    in_flight += 1;
    trials.add(charge);

    function end(how: () => void): void {
      if (!is_open) return;
      is_open = false;
      in_flight -= 1;
      how();
      trials.delete(charge);
      serveSoon();
    }

    return {
      heard(told) {
        if (!is_open) return;
        accepted(charge);
        if (told.length > 0) windows.report(charge, told, clock.monotonic());
        serveSoon();
      },
      settle: (usage, told = []) =>
        end(() => {
          if (told.length > 0) windows.report(charge, told, clock.monotonic());
          else windows.assume(charge, clock.monotonic());
          if (usage === null) return;
          entry.tokens = usage.input_tokens + usage.output_tokens;
          accepted(charge);
        }),
      release: () =>
        end(() => {
          windows.forget(charge);
          log.forget(entry);
        }),
    };
  }

  function accepted(charge: Charge): void {
    if (trials.has(charge)) refusals = 0;
  }

  function serveSoon(): void {
    if (queue.length > 0) queueMicrotask(serve);
    else disarm();
  }

  /** Serves from the head as far as it goes, and comes back when more may go. */
  function serve(): void {
    disarm();
    for (let first = queue[0]; first !== undefined; first = queue[0]) {
      const inTheWay = obstacle(first.ask);
      if (inTheWay !== null && inTheWay.in_ms !== Infinity) return arm(inTheWay.in_ms);
      queue.shift();
      first.serve(inTheWay === null ? take(first.ask) : null);
    }
  }

  function arm(in_ms: number): void {
    if (in_ms > 0) disarm = clock.after(Math.ceil(in_ms), serve);
  }

  function ready(ask: RateAsk): Readiness {
    const inTheWay = obstacle(ask) ?? behind();
    if (inTheWay === null) return { ready: true };
    return { ready: false, ...inTheWay, never: inTheWay.in_ms === Infinity };
  }

  function behind(): Obstacle | null {
    const first = queue[0];
    if (first === undefined) return null;
    return { in_ms: obstacle(first.ask)?.in_ms ?? 0, reason: "others wait for it already" };
  }

  function wait(ask: RateAsk, signal: AbortSignal): Promise<Reservation | null> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason);
      const waiter: Waiter = {
        ask,
        serve(reservation) {
          signal.removeEventListener("abort", leave);
          resolve(reservation);
        },
      };
      function leave(): void {
        queue.splice(queue.indexOf(waiter), 1);
        reject(signal.reason);
        serveSoon();
      }
      signal.addEventListener("abort", leave, { once: true });
      queue.push(waiter);
      serve();
    });
  }

  function afterRate(retry_after_ms: number | null): void {
    const now_ms = clock.monotonic();
    const is_new = now_ms >= blocked_until_ms;
    if (is_new) refusals += 1;
    trials.clear();
    if (!is_new && retry_after_ms === null) return;
    const until_ms = now_ms + (retry_after_ms ?? backOffMs(refusals));
    blocked_until_ms = Math.max(blocked_until_ms, until_ms);
    serveSoon();
  }

  function kept(wall_now: number): KeptRate {
    const now_ms = clock.monotonic();
    const blocked_ms = Math.max(0, blocked_until_ms - now_ms);
    return { at: wall_now, refusals, blocked_ms, windows: windows.standing(now_ms) };
  }

  function restore(rate: KeptRate, wall_now: number): void {
    const now_ms = clock.monotonic();
    const { blocked_ms, windows: known, ...before } = aged(rate, wall_now);
    refusals = before.refusals;
    blocked_until_ms = now_ms + blocked_ms;
    windows.restore(known, now_ms);
  }

  return {
    ready,
    reserve: (ask) => (ready(ask).ready ? take(ask) : null),
    wait,
    afterRate,
    kept,
    restore,
  };
}

function backOffMs(refusals: number): number {
  const { first_back_off_ms, longest_back_off_ms } = pacingDefaults;
  return Math.min(first_back_off_ms * 2 ** (refusals - 1), longest_back_off_ms);
}
