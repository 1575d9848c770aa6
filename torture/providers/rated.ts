import type { Script } from "@mainstay/fake-provider/script";
import type { WireName } from "@mainstay/fake-provider/wires/wires";
import { systemClock } from "@mainstay/sdk/clock";

/** Those that tell of their rates with a reset. */
export const ratedWires = [
  "cerebras",
  "groq",
  "openai",
  "anthropic",
] as const satisfies readonly WireName[];

const SPAN_MS = 1_500;
/** So much that only the number of calls counts. */
const TOKENS = { limit: 1_000_000, remaining: 1_000_000, reset_s: 1 };

/** A provider that takes `limit` calls in each window, tells what is left, and counts who comes early. */
export function createRated(limit: number) {
  let ends_at_ms = -Infinity;
  let taken = 0;
  let early = 0;
  let calls = 0;
  let windows = 0;

  const script: Script = () => {
    const now_ms = systemClock.monotonic();
    calls += 1;
    if (now_ms >= ends_at_ms) {
      ends_at_ms = now_ms + SPAN_MS;
      taken = 0;
      windows += 1;
    }
    const reset_s = (ends_at_ms - now_ms) / 1_000;
    if (taken === limit) {
      early += 1;
      return { status: 429, rate: { requests: { limit, remaining: 0, reset_s }, tokens: TOKENS } };
    }
    taken += 1;
    const rate = { requests: { limit, remaining: limit - taken, reset_s }, tokens: TOKENS };
    return { text: "Answer.", rate };
  };

  return { script, early: () => early, calls: () => calls, windows: () => windows };
}
