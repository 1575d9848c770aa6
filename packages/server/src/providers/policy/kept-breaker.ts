import { z } from "zod";
import { type Breaker, breakerDefaults, closedBreaker } from "./breaker.ts";

const times = z.int().min(1);

/** A breaker as it is kept over restarts. */
export const KeptBreaker = z.discriminatedUnion("state", [
  z.object({ state: z.literal("closed") }),
  z.object({ state: z.literal("open"), cause: z.string(), times }),
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

export function kept(breaker: Breaker): KeptBreaker {
  switch (breaker.state) {
    case "closed":
      return { state: "closed" };
    case "open": {
      const { cause, times: opened } = breaker;
      return { state: "open", cause, times: opened };
    }
    case "half_open": {
      const { cause, level, times: opened } = breaker;
      return { state: "half_open", cause, level, times: opened };
    }
  }
}

/**
 * Who was away is probed at once: it may be back since, and a probe costs nobody's time. A wall clock that
 * was set meanwhile can do no harm.
 */
export function restored(state: KeptBreaker, mono_now: number): Breaker {
  switch (state.state) {
    case "closed":
      return closedBreaker;
    case "open": {
      const { cause, times: opened } = state;
      return { state: "open", cause, until_ms: mono_now, times: opened, good_probes: 0 };
    }
    case "half_open":
      return { ...state, successes: 0, heard_at_ms: mono_now, vain_probes: 0 };
  }
}
