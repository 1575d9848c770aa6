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
 *    taken off it once more, and it ends no window sooner than what they told. What is left is never
 *    taken for more than it is.
 * 3. A window whose reset has passed is full again, but for the calls of rule 1 (they may reach the
 *    provider only now) and of rule 4.
 * 4. Where its window ends at the provider's, nobody here knows exactly. A call that no answer ever
 *    counted may have fallen into the next: it counts for a whole window from its end on, or until the
 *    answer of a call that was reserved after it.
 */
export interface RateWindows {
  obstacle(ask: RateAsk, now_ms: number): Obstacle | null;
  reserve(ask: RateAsk, now_ms: number): Charge;
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

interface Reserved {
  readonly at_ms: number;
  /** What had been counted by then. */
  readonly counted: Sum;
}

interface Held {
  readonly window: RateWindow;
  readonly remaining: number;
  readonly resets_at_ms: number;
  /** What had ended by then is in it. */
  readonly includes_until_ms: number;
}

/** One of rule 4. */
interface Assumed {
  readonly charge: Charge;
  readonly at_ms: number;
}

const none: Sum = { requests: 0, tokens: 0 };
const plus = (sum: Sum, { tokens }: Charge): Sum => ({
  requests: sum.requests + 1,
  tokens: sum.tokens + tokens,
});

export function createRateWindows(): RateWindows {
  const held = new Map<string, Held>();
  /** Uncounted. */
  const open = new Map<Charge, Reserved>();
  let assumed: readonly Assumed[] = [];
  let uncounted = none;
  let counted = none;

  function obstacleOf(each: Held, ask: RateAsk, now_ms: number): Obstacle | null {
    const { kind, name, limit } = each.window;
    const asked = kind === "requests" ? 1 : tokensWithin(limit, ask);
    if (asked === Infinity)
      return { in_ms: Infinity, reason: `the request is larger than the rate, ${limit} ${name}` };
    if (left(each, now_ms) >= asked) return null;
    return { in_ms: changesIn(each, now_ms), reason: `the rate is used up, ${limit} ${name}` };
  }

  function left(each: Held, now_ms: number): number {
    const { kind, limit } = each.window;
    const told = now_ms < each.resets_at_ms ? each.remaining : limit;
    const untold = assumedIn(each, now_ms).map(({ charge }) => charge);
    return told - uncounted[kind] - untold.reduce(plus, none)[kind];
  }

  const assumedIn = ({ window, includes_until_ms }: Held, now_ms: number) =>
    assumed.filter(({ at_ms }) => at_ms >= includes_until_ms && at_ms + window.span_ms > now_ms);

  /** Until more may be left of it; 0 where that hangs on the end of a call. */
  function changesIn(each: Held, now_ms: number): number {
    const expiries = assumedIn(each, now_ms).map(({ at_ms }) => at_ms + each.window.span_ms);
    const ahead = [each.resets_at_ms, ...expiries].filter((at_ms) => at_ms > now_ms);
    return ahead.length === 0 ? 0 : Math.min(...ahead) - now_ms;
  }

  function close(charge: Charge): Reserved | null {
    const reserved = open.get(charge);
    if (reserved === undefined) return null;
    open.delete(charge);
    uncounted = [...open.keys()].reduce(plus, none);
    return reserved;
  }

  /** Leaves out what no report can lack any more. */
  function pruneAssumed(): void {
    const reports = [...held.values()].map(({ includes_until_ms }) => includes_until_ms);
    const oldest_ms = Math.min(...reports, ...[...open.values()].map(({ at_ms }) => at_ms));
    assumed = assumed.filter(({ at_ms }) => at_ms >= oldest_ms);
  }

  return {
    obstacle: (ask, now_ms) =>
      longest([...held.values()].map((each) => obstacleOf(each, ask, now_ms))),
    reserve(ask, now_ms) {
      const charge = { tokens: tokensOf(ask) };
      open.set(charge, { at_ms: now_ms, counted });
      uncounted = plus(uncounted, charge);
      return charge;
    },
    report(charge, windows, now_ms) {
      const reserved = close(charge);
      if (reserved === null) return;
      const { at_ms: includes_until_ms, counted: before } = reserved;
      const is_overtaken = counted.requests > before.requests;
      for (const window of windows) {
        const { name, kind } = window;
        const told_ms = now_ms + window.resets_in_ms;
        const others_ms = is_overtaken ? (held.get(name)?.resets_at_ms ?? told_ms) : told_ms;
        held.set(name, {
          window,
          remaining: window.remaining - (counted[kind] - before[kind]),
          resets_at_ms: Math.max(told_ms, others_ms),
          includes_until_ms,
        });
      }
      counted = plus(counted, charge);
      pruneAssumed();
    },
    assume(charge, now_ms) {
      if (close(charge) !== null && held.size > 0)
        assumed = [...assumed, { charge, at_ms: now_ms }];
    },
    forget: (charge) => void close(charge),
    standing: (now_ms) =>
      [...held.values()]
        .filter(({ resets_at_ms }) => resets_at_ms > now_ms)
        .map((each) => ({
          ...each.window,
          remaining: left(each, now_ms),
          resets_in_ms: each.resets_at_ms - now_ms,
        })),
    restore(windows, now_ms) {
      for (const window of windows) {
        const { name, remaining, resets_in_ms } = window;
        const resets_at_ms = now_ms + resets_in_ms;
        held.set(name, { window, remaining, resets_at_ms, includes_until_ms: now_ms });
      }
    },
  };
}
