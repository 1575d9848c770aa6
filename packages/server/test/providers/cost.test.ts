import fc from "fast-check";
import { expect, test } from "vitest";
import { messageTokens } from "../../src/kernel/tokens.ts";
import { billOf, costOf } from "../../src/providers/cost.ts";
import { requestTokens, usageOf } from "../../src/providers/estimate.ts";

const tokens = fc.integer({ min: 0, max: 10_000_000 });
/** Dollars for a million tokens, of six decimals at most. */
const millionths = fc.integer({ min: 0, max: 100_000_000 });

test("a cost is the exact one, rounded up to a millionth of a dollar", () =>
  fc.assert(
    fc.property(tokens, tokens, millionths, millionths, (input_tokens, output_tokens, a, b) => {
      const price = { input_usd: a / 1e6, output_usd: b / 1e6 };
      const exact = BigInt(input_tokens) * BigInt(a) + BigInt(output_tokens) * BigInt(b);
      const cost = costOf({ input_tokens, output_tokens }, price);
      expect(cost).toBe(Number((exact + 999_999n) / 1_000_000n));
    }),
  ));

test.each([
  ["a tenth of a dollar, ten tokens: 1, and not the 2 of fractions", 0.1, 10, 1],
  ["one token of a cheap model is not free", 0.05, 1, 1],
  ["0.59 + 0.79 a million each", 0.59, 1_000_000, 590_000],
])("%s", (_, input_usd, input_tokens, cost) => {
  expect(costOf({ input_tokens, output_tokens: 0 }, { input_usd, output_usd: 0.79 })).toBe(cost);
});

test("what has no price costs nobody knows what", () => {
  expect(costOf({ input_tokens: 1, output_tokens: 1 }, null)).toBeNull();
});

const exchange = { input_tokens: 40, output_bytes: 70 };

test("what a provider tells is believed, fractions rounded up", () => {
  expect(usageOf({ input_tokens: 37, output_tokens: 11.2 }, exchange)).toEqual({
    usage: { input_tokens: 37, output_tokens: 12 },
    estimated: false,
  });
});

test.each([undefined, Number.NaN, -1, Number.POSITIVE_INFINITY, 1e300, 0])(
  "%s tokens for words that went and came are none: the lengths tell",
  (count) => {
    expect(usageOf({ input_tokens: count, output_tokens: count }, exchange)).toEqual({
      usage: { input_tokens: 40, output_tokens: 20 },
      estimated: true,
    });
    expect(usageOf({ input_tokens: 37, output_tokens: count }, exchange)).toEqual({
      usage: { input_tokens: 37, output_tokens: 20 },
      estimated: true,
    });
  },
);

test("no words and no tokens agree", () => {
  expect(usageOf({ input_tokens: 37, output_tokens: 0 }, { ...exchange, output_bytes: 0 })).toEqual(
    { usage: { input_tokens: 37, output_tokens: 0 }, estimated: false },
  );
});

test("an attempt that was cut is billed by what went and came", () => {
  const target = { credential: "abc", price: { input_usd: 1, output_usd: 2 } };
  expect(billOf(target, null, exchange)).toEqual({
    credential: "abc",
    usage: { input_tokens: 40, output_tokens: 20 },
    estimated: true,
    cost_micro_usd: 80,
  });
});

test("whatever a provider tells, a bill has whole tokens that a store can add up", () =>
  fc.assert(
    fc.property(
      fc.option(fc.double(), { nil: undefined }),
      fc.option(fc.double(), { nil: undefined }),
      fc.nat(),
      fc.nat(),
      (input, output, input_tokens, output_bytes) => {
        const told = { input_tokens: input, output_tokens: output };
        const { usage } = usageOf(told, { input_tokens, output_bytes });
        for (const count of Object.values(usage)) {
          expect(Number.isSafeInteger(count)).toBe(true);
          expect(count).toBeGreaterThanOrEqual(0);
        }
      },
    ),
  ));

test("the tools of a request are counted with its messages", () => {
  const messages = [{ role: "user", text: "hello" }] as const;
  const tool = { name: "shell", description: "runs a command", parameters: { type: "object" } };
  const bare = requestTokens({ messages, tools: [] });
  expect(bare).toBe(messageTokens(messages));
  expect(requestTokens({ messages, tools: [tool] })).toBeGreaterThan(bare + 10);
});
