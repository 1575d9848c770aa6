import fc from "fast-check";
import { expect, test } from "vitest";
import {
  beginBudget,
  mayTry,
  remainingMs,
  type StepBudget,
  stepBounds,
  withAttempt,
  withCost,
} from "../../../src/providers/policy/budget.ts";
import { createRetryBudget } from "../../../src/providers/policy/retry-budget.ts";

test("second tries are at most a tenth of the calls, and ten more, whatever the order", () => {
  let spent_in_all = 0;
  fc.assert(
    fc.property(fc.array(fc.boolean(), { maxLength: 500, size: "max" }), (wishes) => {
      const budget = createRetryBudget();
      let calls = 0;
      let retries = 0;
      for (const wants_retry of wishes) {
        if (wants_retry) retries += Number(budget.spend());
        else {
          budget.earn();
          calls += 1;
        }
        expect(retries).toBeLessThanOrEqual(10 + calls / 10);
      }
      spent_in_all += retries;
    }),
  );
  expect(spent_in_all).toBeGreaterThan(100);
});

test("where every call fails, a tenth of 10,000 calls is tried twice, plus the burst", () => {
  const budget = createRetryBudget();
  let retries = 0;
  for (let call = 0; call < 10_000; call += 1) {
    budget.earn();
    retries += Number(budget.spend());
  }
  expect(retries).toBeGreaterThanOrEqual(1_000);
  expect(retries).toBeLessThanOrEqual(1_010);
});

test("a long quiet saves up no more than the burst", () => {
  const budget = createRetryBudget();
  for (let call = 0; call < 10_000; call += 1) budget.earn();
  const spent = Array.from({ length: 50 }, () => budget.spend()).filter((may) => may);
  expect(spent).toHaveLength(10);
});

test("a step asks one target three times and all targets twelve times at most", () => {
  fc.assert(
    fc.property(fc.array(fc.nat(6), { maxLength: 60, size: "max" }), (wishes) => {
      let budget = beginBudget(0);
      const asked = new Map<number, number>();
      for (const target of wishes) {
        if (!mayTry(budget, `t${target}`, 0).may) continue;
        budget = withAttempt(budget, `t${target}`);
        asked.set(target, (asked.get(target) ?? 0) + 1);
      }
      const counts = [...asked.values()];
      expect(Math.max(0, ...counts)).toBeLessThanOrEqual(stepBounds.attempts_a_target);
      expect(counts.reduce((a, b) => a + b, 0)).toBeLessThanOrEqual(stepBounds.attempts);
    }),
  );
});

test.each<[string, (budget: StepBudget) => StepBudget, number, string]>([
  ["time", (budget) => budget, 600_000, "total_ms"],
  ["cost", (budget) => withCost(budget, 2_000_000), 0, "cost_micro_usd"],
  [
    "attempts",
    (budget) => ["a", "b", "c", "d"].flatMap((t) => [t, t, t]).reduce(withAttempt, budget),
    0,
    "attempts",
  ],
  ["tries", (budget) => ["t", "t", "t"].reduce(withAttempt, budget), 0, "attempts_a_target"],
])("it names the bound that is reached: %s", (_, spend, now_ms, bound) => {
  const budget = spend(beginBudget(0));
  expect(mayTry(budget, "t", now_ms)).toMatchObject({ may: false, bound });
});

test("what nobody knows the cost of costs the bound nothing, and time runs out at nothing", () => {
  const budget = withCost(beginBudget(100), null);
  expect(mayTry(budget, "t", 100)).toEqual({ may: true });
  expect(remainingMs(budget, 1_100)).toBe(599_000);
  expect(remainingMs(budget, 9_999_999)).toBe(0);
});
