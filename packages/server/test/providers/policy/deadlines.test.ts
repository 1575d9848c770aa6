import fc from "fast-check";
import { expect, test } from "vitest";
import { deadlineDefaults, deadlinesFor } from "../../../src/providers/policy/deadlines.ts";

const cloud = { is_local: false, is_reasoning: false };
const local = { is_local: true, is_reasoning: false };
const reasoning = { is_local: false, is_reasoning: true };
const unseen = { first_token_ms: [], between_ms: [] };
const alone = { has_alternative: false, observed: unseen, suspect: false };
const second = { has_alternative: true, observed: unseen, suspect: false };

const calls = (count: number, ms: number): number[] => Array.from({ length: count }, () => ms);

test.each([
  ["a model in the cloud", cloud, alone, 60_000, 60_000],
  ["… with an alternative", cloud, second, 8_000, 8_000],
  ["… in trouble lately", cloud, { ...second, suspect: true }, 1_500, 8_000],
  ["… in trouble, and alone", cloud, { ...alone, suspect: true }, 60_000, 60_000],
  ["a local one", local, alone, 180_000, 60_000],
  ["… with an alternative", local, second, 8_000, 8_000],
  ["a reasoning one", reasoning, alone, 180_000, 60_000],
  ["… with an alternative", reasoning, second, 60_000, 60_000],
])("%s", (_, target, standing, first_token_ms, between_ms) => {
  const deadlines = deadlinesFor(target, standing);
  expect(deadlines).toEqual({ first_token_ms, between_ms, total_ms: 600_000 });
});

test("one that is slow by nature is waited for longer, one that is fast for less", () => {
  const seen = (ms: number, count = 20) =>
    deadlinesFor(cloud, {
      ...second,
      observed: { first_token_ms: calls(count, ms), between_ms: calls(count, ms / 10) },
    });
  expect(seen(4_000).first_token_ms).toBe(12_000);
  expect(seen(200).first_token_ms).toBe(deadlineDefaults.fast_ms);
  expect(seen(50_000).first_token_ms).toBe(deadlineDefaults.alone_ms);
  expect(seen(4_000, 19).first_token_ms).toBe(deadlineDefaults.with_alternative_ms);
});

test("one in trouble that is slow by nature is given the time to come back", () => {
  const suspect = (ms: number) =>
    deadlinesFor(cloud, {
      ...{ has_alternative: true, suspect: true },
      observed: { first_token_ms: calls(3, ms), between_ms: [] },
    }).first_token_ms;
  expect([suspect(200), suspect(1_000), suspect(3_000), suspect(30_000)]).toEqual([
    1_500, 1_500, 4_500, 8_000,
  ]);
});

test("a switch is made within ten seconds of a target that nothing is known of", () => {
  expect(deadlinesFor(cloud, second).first_token_ms).toBeLessThan(10_000);
});

test("whatever was seen, a deadline is within its bounds and never under three times the p95", () => {
  const observed = fc.array(fc.nat(20_000), { minLength: 20, maxLength: 100, size: "max" });
  fc.assert(
    fc.property(observed, (first_token_ms) => {
      const standing = { ...second, observed: { first_token_ms, between_ms: [] } };
      const deadline = deadlinesFor(cloud, standing).first_token_ms;
      const sorted = first_token_ms.toSorted((a, b) => a - b);
      const p95 = sorted[Math.ceil(sorted.length * 0.95) - 1]!;
      expect(deadline).toBeGreaterThanOrEqual(Math.min(3 * p95, deadlineDefaults.alone_ms));
      expect(deadline).toBeGreaterThanOrEqual(deadlineDefaults.fast_ms);
      expect(deadline).toBeLessThanOrEqual(deadlineDefaults.alone_ms);
    }),
  );
});
