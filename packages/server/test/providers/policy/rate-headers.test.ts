import fc from "fast-check";
import { expect, test } from "vitest";
import { readRates } from "../../../src/providers/policy/rate-headers.ts";
import { type ProviderType, providerTypes } from "../../../src/providers/target.ts";

const NOW = Date.UTC(2026, 0, 31, 12, 0, 0);
const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

const cases: [ProviderType, Record<string, string>, object[]][] = [
  [
    "groq",
    {
      "x-ratelimit-limit-requests": "14400",
      "x-ratelimit-remaining-requests": "14370",
      "x-ratelimit-reset-requests": "2m59.56s",
      "x-ratelimit-limit-tokens": "18000",
      "x-ratelimit-remaining-tokens": "17997",
      "x-ratelimit-reset-tokens": "7.66s",
    },
    [
      {
        name: "requests a day",
        limit: 14_400,
        remaining: 14_370,
        resets_in_ms: 179_560,
        span_ms: DAY_MS,
      },
      {
        name: "tokens a minute",
        limit: 18_000,
        remaining: 17_997,
        resets_in_ms: 7_660,
        span_ms: MINUTE_MS,
      },
    ],
  ],
  [
    "cerebras",
    {
      "x-ratelimit-limit-requests-day": "14400",
      "x-ratelimit-remaining-requests-day": "14000",
      "x-ratelimit-reset-requests-day": "33011.382867",
      "x-ratelimit-limit-tokens-minute": "60000",
      "x-ratelimit-remaining-tokens-minute": "0",
      "x-ratelimit-reset-tokens-minute": "11.382867",
    },
    [
      { name: "requests a day", remaining: 14_000, resets_in_ms: 33_011_383 },
      { name: "tokens a minute", remaining: 0, resets_in_ms: 11_383 },
    ],
  ],
  [
    "mistral",
    {
      "ratelimitbysize-limit": "500000",
      "ratelimitbysize-remaining": "499900",
      "ratelimitbysize-reset": "42",
      "x-ratelimit-limit-req-minute": "60",
      "x-ratelimit-remaining-req-minute": "59",
    },
    [
      { kind: "tokens", limit: 500_000, remaining: 499_900, resets_in_ms: 42_000 },
      { kind: "requests", limit: 60, remaining: 59, resets_in_ms: MINUTE_MS },
    ],
  ],
  [
    "openai",
    {
      "x-ratelimit-limit-requests": "200",
      "x-ratelimit-remaining-requests": "0",
      "x-ratelimit-reset-requests": "7m12s",
      "x-ratelimit-limit-tokens": "150000",
      "x-ratelimit-remaining-tokens": "149984",
      "x-ratelimit-reset-tokens": "6ms",
    },
    [
      { name: "requests", remaining: 0, resets_in_ms: 432_000, span_ms: DAY_MS },
      { name: "tokens", resets_in_ms: 6, span_ms: MINUTE_MS },
    ],
  ],
  [
    "anthropic",
    {
      "anthropic-ratelimit-requests-limit": "50",
      "anthropic-ratelimit-requests-remaining": "49",
      "anthropic-ratelimit-requests-reset": "2026-01-31T12:00:13Z",
      "anthropic-ratelimit-tokens-limit": "30000",
      "anthropic-ratelimit-tokens-remaining": "1000",
      "anthropic-ratelimit-tokens-reset": "2026-01-31T11:59:00Z",
    },
    [
      { kind: "requests", limit: 50, remaining: 49, resets_in_ms: 13_000 },
      { kind: "tokens", limit: 30_000, remaining: 1_000, resets_in_ms: 0 },
    ],
  ],
  ["cohere", { "x-endpoint-monthly-call-limit": "1000" }, []],
  ["google", { "x-ratelimit-limit-requests": "10" }, []],
];

test.each(cases)("%s tells of its rates as it does", (type, headers, windows) => {
  expect(readRates(type, headers, NOW)).toEqual(
    windows.map((each) => expect.objectContaining(each)),
  );
});

test.each([
  ["no limit", { "x-ratelimit-remaining-tokens": "5", "x-ratelimit-reset-tokens": "1s" }],
  ["a limit of nothing", windowOf("0", "0", "1s")],
  ["a negative limit", windowOf("-1", "0", "1s")],
  ["a limit that is no number", windowOf("NaN", "0", "1s")],
  ["a rest that is no number", windowOf("10", "many", "1s")],
])("a window with %s is none", (_, headers) => {
  expect(readRates("openai", headers, NOW)).toEqual([]);
});

test.each([
  ["in the past", "0s", 0],
  ["25 days off", "600h", DAY_MS],
  ["not told", undefined, MINUTE_MS],
  ["garbage", "later", MINUTE_MS],
  ["negative", "-3s", MINUTE_MS],
])("a reset %s is taken for %j → %j ms", (_, reset, resets_in_ms) => {
  expect(readRates("groq", windowOf("10", "99", reset), NOW)).toMatchObject([
    { limit: 10, remaining: 10, resets_in_ms },
  ]);
});

test("whatever the headers hold, what is read is within its bounds", () => {
  const value = fc.oneof(
    fc.string(),
    fc.nat().map(String),
    fc.double().map(String),
    fc.stringMatching(/^[-0-9.hmsT:Z]{0,24}$/),
    fc.date({ noInvalidDate: true }).map((date) => date.toISOString()),
  );
  const names = cases.flatMap(([, headers]) => Object.keys(headers));
  const headers = fc.record(Object.fromEntries(names.map((name) => [name, value])), {
    requiredKeys: [],
  });
  let read = 0;
  fc.assert(
    fc.property(fc.constantFrom(...providerTypes), headers, (type, sent) => {
      for (const window of readRates(type, sent as Record<string, string>, NOW)) {
        read += 1;
        expect(window.limit).toBeGreaterThan(0);
        expect(window.remaining).toBeGreaterThanOrEqual(0);
        expect(window.remaining).toBeLessThanOrEqual(window.limit);
        expect(window.resets_in_ms).toBeGreaterThanOrEqual(0);
        expect(window.resets_in_ms).toBeLessThanOrEqual(DAY_MS);
      }
    }),
    { numRuns: 500, seed: 11 },
  );
  expect(read).toBeGreaterThan(20);
});

function windowOf(limit: string, remaining: string, reset: string | undefined) {
  return {
    "x-ratelimit-limit-tokens": limit,
    "x-ratelimit-remaining-tokens": remaining,
    ...(reset !== undefined && { "x-ratelimit-reset-tokens": reset }),
  };
}
