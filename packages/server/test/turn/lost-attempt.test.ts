import { expect, test } from "vitest";
import { costsBy } from "../../src/providers/cost.ts";
import { writtenOff } from "../../src/turn/lost-attempt.ts";

const costOf = costsBy([{ id: "groq", prices: { big: { input_usd: 0.5, output_usd: 9 } } }]);
const lost = { attempt: 2, provider: "groq", model: "big" };
const bill = { credential: "k1", input_tokens: 1_001 };

test("the whole request is billed, by the price that holds now, and of the answer nothing", () => {
  expect(writtenOff(3, { ...lost, bill }, costOf)).toEqual({
    event: {
      ...{ type: "attempt_failed", step: 3, attempt: 2, provider: "groq", model: "big" },
      ...{ code: "interrupted", message: "the server stopped before the answer was there" },
      usage: { input_tokens: 1_001, output_tokens: 0 },
      estimated: true,
    },
    billed: {
      ...{ provider: "groq", model: "big" },
      bill: {
        credential: "k1",
        usage: { input_tokens: 1_001, output_tokens: 0 },
        estimated: true,
        cost_micro_usd: 501,
      },
    },
  });
});

test.each([
  ["a model", { ...lost, model: "small" }],
  ["a provider", { ...lost, provider: "gone" }],
])("%s that is not configured any more costs nobody knows what", (_, other) => {
  expect(writtenOff(1, { ...other, bill }, costOf).billed?.bill.cost_micro_usd).toBeNull();
});

test("an older journal does not say what was asked: nothing is billed", () => {
  const { event, billed } = writtenOff(1, { ...lost, bill: null }, costOf);
  expect(event).not.toHaveProperty("usage");
  expect(billed).toBeNull();
});
