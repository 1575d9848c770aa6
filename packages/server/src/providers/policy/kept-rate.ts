import { z } from "zod";
import { LONGEST_RESET_MS, type RateWindow } from "./rate-headers.ts";

const Window = z.object({
  name: z.string(),
  kind: z.enum(["requests", "tokens"]),
  limit: z.number().positive(),
  remaining: z.number(),
  resets_in_ms: z.number().min(0).max(LONGEST_RESET_MS),
  span_ms: z.number().positive(),
}) satisfies z.ZodType<RateWindow>;

/** What is known of a target's rates, as it is kept over restarts. */
export const KeptRate = z.object({
  /** Wall time, from which `..._ms` count. */
  at: z.number(),
  refusals: z.int().min(0),
  blocked_ms: z.number().min(0).max(LONGEST_RESET_MS),
  windows: z.array(Window),
});
export type KeptRate = Readonly<z.infer<typeof KeptRate>>;

/**
 * As it stands now. A wall clock that was set meanwhile does no harm: nothing lasts longer than it did
 * when it was kept.
 */
export function aged(rate: KeptRate, wall_now: number): KeptRate {
  const passed_ms = Math.max(0, wall_now - rate.at);
  return {
    at: wall_now,
    refusals: rate.refusals,
    blocked_ms: Math.max(0, rate.blocked_ms - passed_ms),
    windows: rate.windows
      .map((window) => ({ ...window, resets_in_ms: window.resets_in_ms - passed_ms }))
      .filter(({ resets_in_ms }) => resets_in_ms > 0),
  };
}
