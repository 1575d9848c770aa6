import type { Target } from "../target.ts";

export interface Deadlines {
  /** Until the first sign of life: text, a thought, or a piece of a tool call. */
  readonly first_token_ms: number;
  /** Between any two after it. */
  readonly between_ms: number;
  /** For the whole attempt, however alive it is. */
  readonly total_ms: number;
}

/** What the last calls of a target showed. */
export interface Observed {
  readonly first_token_ms: readonly number[];
  /** The longest silence inside each call. */
  readonly between_ms: readonly number[];
}

export interface Standing {
  /** Another target is healthy: waiting long for this one helps nobody. */
  readonly has_alternative: boolean;
  readonly observed: Observed;
  /** It has just been in trouble. */
  readonly suspect: boolean;
}

export const deadlineDefaults = {
  /** So that the switch is made within 10 s. */
  with_alternative_ms: 8_000,
  /** As far as `with_alternative_ms` falls for a target that has always been fast. */
  fast_ms: 5_000,
  alone_ms: 60_000,
  /** A local model loads, a reasoning one thinks. */
  slow_alone_ms: 180_000,
  suspect_ms: 1_500,
  /** One that is slow while it is well must be able to come back. */
  suspect_times_p95: 1.5,
  total_ms: 600_000,
  /** Fewer calls tell nothing. */
  least_observed: 20,
  times_p95: 3,
} as const;

/**
 * How long to wait for a target. Short where another can take over, and never under three times what
 * 95 % of its calls took, as far as the bound without an alternative. Pure.
 *
 * A reasoning model may be silent for long while it is well, so an alternative makes nobody give up on
 * it sooner than after `alone_ms`.
 */
export function deadlinesFor(
  { is_local, is_reasoning }: Pick<Target, "is_local" | "is_reasoning">,
  { has_alternative, observed, suspect }: Standing,
): Deadlines {
  const { slow_alone_ms, alone_ms, total_ms } = deadlineDefaults;
  if (!has_alternative)
    return {
      first_token_ms: is_local || is_reasoning ? slow_alone_ms : alone_ms,
      between_ms: alone_ms,
      total_ms,
    };
  const first_token_ms = is_reasoning ? alone_ms : adapted(observed.first_token_ms);
  const between_ms = is_reasoning ? alone_ms : adapted(observed.between_ms);
  const suspect_ms = Math.min(suspectMs(observed.first_token_ms), first_token_ms);
  return { first_token_ms: suspect ? suspect_ms : first_token_ms, between_ms, total_ms };
}

const suspectMs = (observed_ms: readonly number[]): number =>
  Math.max(deadlineDefaults.suspect_ms, deadlineDefaults.suspect_times_p95 * p95(observed_ms));

function adapted(observed_ms: readonly number[]): number {
  const { with_alternative_ms, fast_ms, alone_ms, least_observed, times_p95 } = deadlineDefaults;
  if (observed_ms.length < least_observed) return with_alternative_ms;
  return Math.min(Math.max(times_p95 * p95(observed_ms), fast_ms), alone_ms);
}

/** By nearest rank. */
function p95(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.ceil(sorted.length * 0.95) - 1] ?? 0;
}
