import type { Availability } from "../kernel/model-board.ts";

const REST_MS = 10_000;
const REST_FACTOR = 3;
const LONGEST_REST_MS = 300_000;

/**
 * How many turns that no model answered may be awake at once. `missed` counts those that were woken in
 * vain since the last answer. Times are of the monotonic clock.
 */
export type Ramp =
  /** No model can be asked. */
  | { readonly state: "closed"; readonly missed: number }
  /** A turn met no answer although a model could be asked. */
  | { readonly state: "resting"; readonly until_ms: number; readonly missed: number }
  | { readonly state: "open"; readonly at_once: number; readonly missed: number };

export const closedRamp: Ramp = { state: "closed", missed: 0 };

const openRamp = (missed: number): Ramp => ({ state: "open", at_once: 1, missed });

/** More models can be asked than before: one turn tries, whatever it rested for. Pure, as all here. */
export function whenAvailable(ramp: Ramp, before: Availability, now: Availability): Ramp {
  if (askable[now] === 0) return { state: "closed", missed: ramp.missed };
  const is_better = ramp.state === "closed" || askable[now] > askable[before];
  return is_better && ramp.state !== "open" ? openRamp(ramp.missed) : ramp;
}

const askable: Record<Availability, number> = { unconfigured: 0, none: 0, reduced: 1, full: 2 };

/** A turn that was woken got its first answer. As each raises the bound by one, each round doubles it. */
export function whenAnswered(ramp: Ramp, at_most: number): Ramp {
  if (ramp.state !== "open") return { ...ramp, missed: 0 };
  return { state: "open", at_once: Math.min(ramp.at_once + 1, at_most), missed: 0 };
}

/** A turn met no answer: back to one, after a rest that grows with each that was woken in vain. */
export function whenUnanswered(ramp: Ramp, was_woken: boolean, now_ms: number): Ramp {
  const missed = ramp.missed + (was_woken ? 1 : 0);
  if (ramp.state !== "open") return { ...ramp, missed };
  const rest_ms = Math.min(REST_MS * REST_FACTOR ** ramp.missed, LONGEST_REST_MS);
  return { state: "resting", until_ms: now_ms + rest_ms, missed };
}

export const whenRested = (ramp: Ramp, now_ms: number): Ramp =>
  ramp.state === "resting" && now_ms >= ramp.until_ms ? openRamp(ramp.missed) : ramp;

/** How many may be woken now, beside those that are awake. */
export const mayWake = (ramp: Ramp, awake: number): number =>
  ramp.state === "open" ? Math.max(0, ramp.at_once - awake) : 0;
