import { z } from "zod";
import { type Breaker, breakerDefaults, closedBreaker } from "./breaker.ts";

const times = z.int().min(1);

/** A breaker as it is kept over restarts; its times are wall time. */
export const KeptBreaker = z.discriminatedUnion("state", [
  z.object({ state: z.literal("closed") }),
  z.object({ state: z.literal("open"), cause: z.string(), until_at: z.number(), times }),
  z.object({
    state: z.literal("half_open"),
    cause: z.string(),
    level: z
      .int()
      .min(0)
      .max(breakerDefaults.shares.length - 1),
    times,
  }),
]);
export type KeptBreaker = z.infer<typeof KeptBreaker>;

/** `mono_now` and `wall_now` in milliseconds, read together. */
export function kept(breaker: Breaker, mono_now: number, wall_now: number): KeptBreaker {
  switch (breaker.state) {
    case "closed":
      return { state: "closed" };
    case "open": {
      const { cause, until_ms, times: opened } = breaker;
      return { state: "open", cause, until_at: wall_now + until_ms - mono_now, times: opened };
    }
    case "half_open": {
      const { cause, level, times: opened } = breaker;
      return { state: "half_open", cause, level, times: opened };
    }
  }
}

/**
 * A wall clock that was set meanwhile does no harm: what is left of a cool-down is between nothing and
 * the longest one.
 */
export function restored(state: KeptBreaker, mono_now: number, wall_now: number): Breaker {
  switch (state.state) {
    case "closed":
      return closedBreaker;
    case "open": {
      const left_ms = Math.max(0, state.until_at - wall_now);
      const until_ms = mono_now + Math.min(left_ms, breakerDefaults.longest_cool_down_ms);
      const { cause, times: opened } = state;
      return { state: "open", cause, until_ms, times: opened, good_probes: 0 };
    }
    case "half_open":
      return { ...state, successes: 0, heard_at_ms: mono_now, vain_probes: 0 };
  }
}
