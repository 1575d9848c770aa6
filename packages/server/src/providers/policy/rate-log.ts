import type { TargetLimits } from "../target.ts";
import { longest, type Obstacle } from "./obstacle.ts";
import { type RateAsk, tokensOf, tokensWithin } from "./rate-ask.ts";

const MINUTE_MS = 60_000;

/** A call of the last minute; its tokens are reserved first and known later. */
export interface Entry {
  readonly at_ms: number;
  tokens: number;
}

/**
 * Counts calls and tokens of any sixty seconds here, for what an operator limits and for providers that
 * tell nothing of their rates. Times are monotonic.
 */
export interface RateLog {
  obstacle(ask: RateAsk, now_ms: number): Obstacle | null;
  add(ask: RateAsk, now_ms: number): Entry;
  /** The call was never sent. */
  forget(entry: Entry): void;
}

export function createRateLog({
  requests_per_minute,
  tokens_per_minute,
}: Pick<TargetLimits, "requests_per_minute" | "tokens_per_minute">): RateLog {
  const is_limited = requests_per_minute !== null || tokens_per_minute !== null;
  let entries: readonly Entry[] = [];

  return {
    obstacle(ask, now_ms) {
      entries = entries.filter(({ at_ms }) => at_ms + MINUTE_MS > now_ms);
      const asked = tokensWithin(tokens_per_minute ?? Infinity, ask);
      return longest([
        exceeding(entries, requests_per_minute, () => 1, 1, "requests", now_ms),
        exceeding(entries, tokens_per_minute, (entry) => entry.tokens, asked, "tokens", now_ms),
      ]);
    },
    add(ask, now_ms) {
      const entry = { at_ms: now_ms, tokens: tokensOf(ask) };
      if (is_limited) entries = [...entries, entry];
      return entry;
    },
    forget(gone) {
      entries = entries.filter((entry) => entry !== gone);
    },
  };
}

function exceeding(
  entries: readonly Entry[],
  limit: number | null,
  weigh: (entry: Entry) => number,
  asked: number,
  unit: string,
  now_ms: number,
): Obstacle | null {
  if (limit === null) return null;
  if (asked === Infinity)
    return {
      in_ms: Infinity,
      reason: `the request is larger than the limit, ${limit} ${unit} a minute`,
    };
  let over = entries.reduce((sum, entry) => sum + weigh(entry), asked) - limit;
  if (over <= 0) return null;
  const last = entries.find((entry) => (over -= weigh(entry)) <= 0)!;
  return {
    in_ms: last.at_ms + MINUTE_MS - now_ms,
    reason: `the limit is used up, ${limit} ${unit} a minute`,
  };
}
