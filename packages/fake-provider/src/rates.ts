import { isoTime } from "@mainstay/sdk/clock";
import type { RateLeft, RateWindowLeft } from "./script.ts";
import type { WireName } from "./wires/wires.ts";

type Headers = Record<string, string>;

/** What is left of a caller's rates, in the names and formats of the one or the other. */
export function rateHeaders(as: WireName, rate: RateLeft, now_ms: number): Headers {
  return Object.assign({}, ...partsOf(rate).map((part) => tellers[as](part, now_ms)));
}

type Part = RateWindowLeft & { readonly of: "requests" | "tokens" };

const partsOf = ({ requests, tokens }: RateLeft): Part[] => [
  ...(requests ? [{ ...requests, of: "requests" as const }] : []),
  ...(tokens ? [{ ...tokens, of: "tokens" as const }] : []),
];

const tellers: Record<WireName, (part: Part, now_ms: number) => Headers> = {
  openai: asDurations,
  groq: asDurations,
  cerebras: ({ of, limit, remaining, reset_s }) => {
    const window = of === "requests" ? "requests-day" : "tokens-minute";
    return {
      [`x-ratelimit-limit-${window}`]: String(limit),
      [`x-ratelimit-remaining-${window}`]: String(remaining),
      [`x-ratelimit-reset-${window}`]: String(reset_s),
    };
  },
  mistral: ({ of, limit, remaining, reset_s }) =>
    of === "requests"
      ? {
          "x-ratelimit-limit-req-minute": String(limit),
          "x-ratelimit-remaining-req-minute": String(remaining),
        }
      : {
          "ratelimitbysize-limit": String(limit),
          "ratelimitbysize-remaining": String(remaining),
          "ratelimitbysize-reset": String(Math.ceil(reset_s)),
        },
  anthropic: ({ of, limit, remaining, reset_s }, now_ms) => ({
    [`anthropic-ratelimit-${of}-limit`]: String(limit),
    [`anthropic-ratelimit-${of}-remaining`]: String(remaining),
    [`anthropic-ratelimit-${of}-reset`]: isoTime(now_ms + reset_s * 1000),
  }),
  cohere: () => ({}),
  google: () => ({}),
};

function asDurations({ of, limit, remaining, reset_s }: Part): Headers {
  return {
    [`x-ratelimit-limit-${of}`]: String(limit),
    [`x-ratelimit-remaining-${of}`]: String(remaining),
    [`x-ratelimit-reset-${of}`]: duration(reset_s),
  };
}

/** As Go writes it: "7.66s", "2m59.56s", "1h0m0s", "20ms". */
export function duration(seconds: number): string {
  if (seconds > 0 && seconds < 1) return `${Math.round(seconds * 1000)}ms`;
  const hours = Math.floor(seconds / 3600);
  const minutes = Math.floor((seconds % 3600) / 60);
  const rest = Number((seconds % 60).toFixed(3));
  if (hours > 0) return `${hours}h${minutes}m${rest}s`;
  return minutes > 0 ? `${minutes}m${rest}s` : `${rest}s`;
}
