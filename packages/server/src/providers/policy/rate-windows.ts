import { longest, type Obstacle } from "./obstacle.ts";
import { type RateAsk, tokensOf, tokensWithin } from "./rate-ask.ts";
import type { RateWindow } from "./rate-headers.ts";

/** A call, as it weighs on a rate. */
export interface Charge {
  readonly tokens: number;
}

/**
 * What is left of a provider's own rate windows, as its answers tell. Times are monotonic.
 *
 * 1. A call that no answer has counted yet is taken off whatever was reported.
 * 2. A report may be older than it looks: calls that were counted since its own call was reserved are
 *    taken off it once more. What is left is never taken for more than it is.
 * 3. A window whose reset has passed is full again, but for the calls of rule 1: they may reach the
 *    provider only now.
 */
export interface RateWindows {
  obstacle(ask: RateAsk, now_ms: number): Obstacle | null;
  reserve(ask: RateAsk): Charge;
  /** The headers of the call's own answer. */
  report(charge: Charge, windows: readonly RateWindow[], now_ms: number): void;
  /** It was sent, and nothing was told of the rates. */
  assume(charge: Charge, now_ms: number): void;
  /** It was never sent. */
  forget(charge: Charge): void;
  /** Those that are not full again, as if all calls that are under way had been counted. */
  standing(now_ms: number): RateWindow[];
  restore(windows: readonly RateWindow[], now_ms: number): void;
}

type Kind = RateWindow["kind"];
type Sum = Readonly<Record<Kind, number>>;

interface Held {
  readonly window: RateWindow;
  readonly remaining: number;
  readonly resets_at_ms: number;
}

const none: Sum = { requests: 0, tokens: 0 };
const plus = (sum: Sum, { tokens }: Charge): Sum => ({
  requests: sum.requests + 1,
  tokens: sum.tokens + tokens,
});

export function createRateWindows(): RateWindows {
  const held = new Map<string, Held>();
  /** Uncounted, with what had been counted when it was reserved. */
  const open = new Map<Charge, Sum>();
  let uncounted = none;
  let counted = none;

  function obstacleOf({ window }: Held, ask: RateAsk, now_ms: number): Obstacle | null {
    const { kind, name, limit } = window;
    const asked = kind === "requests" ? 1 : tokensWithin(limit, ask);
    if (asked === Infinity)
      return { in_ms: Infinity, reason: `the request is larger than the rate, ${limit} ${name}` };
    const { remaining, resets_at_ms } = current(name, now_ms);
    if (remaining - uncounted[kind] >= asked) return null;
    return { in_ms: resets_at_ms - now_ms, reason: `the rate is used up, ${limit} ${name}` };
  }

  function current(name: string, now_ms: number): Held {
    const before = held.get(name)!;
    if (now_ms < before.resets_at_ms) return before;
    const { window } = before;
    const next = { window, remaining: window.limit, resets_at_ms: now_ms + window.span_ms };
    held.set(name, next);
    return next;
  }

  function close(charge: Charge, is_counted: boolean): Sum | null {
    const counted_before = open.get(charge);
    if (counted_before === undefined) return null;
    open.delete(charge);
    uncounted = [...open.keys()].reduce(plus, none);
    const since = {
      requests: counted.requests - counted_before.requests,
      tokens: counted.tokens - counted_before.tokens,
    };
    if (is_counted) counted = plus(counted, charge);
    return since;
  }

  function hold(windows: readonly RateWindow[], now_ms: number): void {
    for (const window of windows) {
      const { name, remaining, resets_in_ms } = window;
      held.set(name, { window, remaining, resets_at_ms: now_ms + resets_in_ms });
    }
  }

  return {
    obstacle: (ask, now_ms) =>
      longest([...held.values()].map((each) => obstacleOf(each, ask, now_ms))),
    reserve(ask) {
      const charge = { tokens: tokensOf(ask) };
      open.set(charge, counted);
      uncounted = plus(uncounted, charge);
      return charge;
    },
    report(charge, windows, now_ms) {
      const since = close(charge, true);
      if (since === null) return;
      hold(
        windows.map((window) => ({
          ...window,
          remaining: window.remaining - since[window.kind],
        })),
        now_ms,
      );
    },
    assume(charge, now_ms) {
      if (close(charge, true) === null) return;
      for (const name of held.keys()) {
        const window = current(name, now_ms);
        const taken = plus(none, charge)[window.window.kind];
        held.set(name, { ...window, remaining: window.remaining - taken });
      }
    },
    forget: (charge) => void close(charge, false),
    standing: (now_ms) =>
      [...held.values()]
        .filter(({ resets_at_ms }) => resets_at_ms > now_ms)
        .map(({ window, remaining, resets_at_ms }) => ({
          ...window,
          remaining: remaining - uncounted[window.kind],
          resets_in_ms: resets_at_ms - now_ms,
        })),
    restore: hold,
  };
}
