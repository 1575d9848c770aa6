import { timeOf } from "../../kernel/time.ts";
import type { ProviderType } from "../target.ts";
import { durationMs } from "./duration.ts";

/** How much of a rate is left, as a provider's answer tells. */
export interface RateWindow {
  /** Tells windows of one target apart, and people which it is: `requests a day`, `tokens`. */
  readonly name: string;
  readonly kind: "requests" | "tokens";
  readonly limit: number;
  /** From 0 to `limit`. */
  readonly remaining: number;
  /** From 0 to a day. */
  readonly resets_in_ms: number;
  /** How long a window lasts that begins at the reset. */
  readonly span_ms: number;
}

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
/** A reset that is further off is taken for one as far. */
export const LONGEST_RESET_MS = DAY_MS;
const COUNT = /^\d+(?:\.\d+)?$/;

type Span = "minute" | "day";

/** Where a provider tells of one window; `reset` is null where it never says when. */
interface Place {
  readonly kind: RateWindow["kind"];
  /** Null where it is not said: a minute, or a day where the reset is further off. */
  readonly span: Span | null;
  readonly limit: string;
  readonly remaining: string;
  readonly reset: string | null;
}

const openAILike = (spans: Record<Place["kind"], Span | null>): Place[] =>
  (["requests", "tokens"] as const).map((kind) => ({
    kind,
    span: spans[kind],
    limit: `x-ratelimit-limit-${kind}`,
    remaining: `x-ratelimit-remaining-${kind}`,
    reset: `x-ratelimit-reset-${kind}`,
  }));

const cerebrasLike = (kind: Place["kind"], span: Span): Place => ({
  kind,
  span,
  limit: `x-ratelimit-limit-${kind}-${span}`,
  remaining: `x-ratelimit-remaining-${kind}-${span}`,
  reset: `x-ratelimit-reset-${kind}-${span}`,
});

const places: Record<ProviderType, readonly Place[]> = {
  groq: openAILike({ requests: "day", tokens: "minute" }),
  openai: openAILike({ requests: null, tokens: null }),
  "openai-compatible": openAILike({ requests: null, tokens: null }),
  cerebras: [
    cerebrasLike("requests", "day"),
    cerebrasLike("requests", "minute"),
    cerebrasLike("tokens", "day"),
    cerebrasLike("tokens", "minute"),
  ],
  mistral: [
    {
      kind: "tokens",
      span: "minute",
      limit: "ratelimitbysize-limit",
      remaining: "ratelimitbysize-remaining",
      reset: "ratelimitbysize-reset",
    },
    {
      kind: "requests",
      span: "minute",
      limit: "x-ratelimit-limit-req-minute",
      remaining: "x-ratelimit-remaining-req-minute",
      reset: null,
    },
    { ...cerebrasLike("tokens", "minute"), reset: null },
  ],
  anthropic: (["requests", "tokens"] as const).map((kind) => ({
    kind,
    span: "minute",
    limit: `anthropic-ratelimit-${kind}-limit`,
    remaining: `anthropic-ratelimit-${kind}-remaining`,
    reset: `anthropic-ratelimit-${kind}-reset`,
  })),
  google: [],
  cohere: [],
};

/**
 * The rate windows that an answer tells of; `now_ms` is wall time. What cannot be meant is ignored: a
 * window without a limit or with one of nothing, a number that is none. A reset in the past is now, one far off is a
 * day away; one that is not told or not readable is as far off as the window is long.
 */
export function readRates(
  type: ProviderType,
  headers: Readonly<Record<string, string>>,
  now_ms: number,
): RateWindow[] {
  return places[type].flatMap((place) => readWindow(place, headers, now_ms) ?? []);
}

function readWindow(
  { kind, span, limit: limit_at, remaining: remaining_at, reset }: Place,
  headers: Readonly<Record<string, string>>,
  now_ms: number,
): RateWindow | null {
  const limit = count(headers[limit_at]);
  const remaining = count(headers[remaining_at]);
  if (limit === null || limit === 0 || remaining === null) return null;
  const told_ms = reset === null ? null : resetsIn(headers[reset], now_ms);
  const span_ms =
    span === "day" || (span === null && (told_ms ?? 0) > MINUTE_MS) ? DAY_MS : MINUTE_MS;
  return {
    name: span === null ? kind : `${kind} a ${span}`,
    kind,
    limit,
    remaining: Math.min(remaining, limit),
    resets_in_ms: Math.min(Math.max(told_ms ?? span_ms, 0), LONGEST_RESET_MS),
    span_ms,
  };
}

function count(text: string | undefined): number | null {
  const said = text?.trim() ?? "";
  return COUNT.test(said) ? Math.floor(Number(said)) : null;
}

function resetsIn(text: string | undefined, now_ms: number): number | null {
  const said = text?.trim() ?? "";
  if (!ISO_TIME.test(said)) return durationMs(said);
  const at_ms = timeOf(said);
  return Number.isFinite(at_ms) ? at_ms - now_ms : null;
}

const ISO_TIME = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d+)?(?:Z|[+-]\d{2}:\d{2})$/;
