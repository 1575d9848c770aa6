import fc from "fast-check";
import { expect, test } from "vitest";
import type { ModelMessage } from "../../src/kernel/model.ts";
import { estimateTokens, messageTokens } from "../../src/kernel/tokens.ts";
import { fitHistory, LEAST_BUDGET_TOKENS } from "../../src/memory/history.ts";

const user = (text: string): ModelMessage => ({ role: "user", text });
const said = (text: string): ModelMessage => ({ role: "assistant", text, tool_calls: [] });

/** A step: an assistant's message with its calls, and the results. */
function step(id: string, text: string, results: readonly string[]): ModelMessage[] {
  const tool_calls = results.map((_, at) => ({ id: `${id}.${at}`, name: "search", input: "{}" }));
  const ends = results.map((result, at): ModelMessage => ({
    role: "tool",
    outcome: "ok",
    call_id: `${id}.${at}`,
    tool: "search",
    text: result,
  }));
  return [{ role: "assistant", text, tool_calls }, ...ends];
}

const markerOf = (fitted: readonly ModelMessage[]): number =>
  Number(/^\[(\d+) earlier messages left out\]$/u.exec(fitted[0]?.text ?? "")?.[1] ?? 0);

test("what fits stays as it is", () => {
  const messages = [user("a"), ...step("s", "", ["x"]), said("b"), user("c")];
  expect(fitHistory(messages, 1_000)).toEqual(messages);
});

test("the newest stay, the rest is counted", () => {
  const messages = Array.from({ length: 40 }, (_, n) =>
    n % 2 === 0 ? user(`question ${n}`) : said(`answer ${n}`),
  );
  const fitted = fitHistory(messages, 200);
  expect(fitted.slice(1)).toEqual(messages.slice(41 - fitted.length));
  expect(markerOf(fitted)).toBe(41 - fitted.length);
});

test("a request over the budget keeps both its ends", () => {
  const fitted = fitHistory([said("old"), user(`START${"é".repeat(50_000)}END`)], 200);
  expect(fitted).toHaveLength(2);
  expect(fitted[1]?.text).toMatch(/^STARTé+\n… 100008 bytes in all.*\né+END$/u);
  expect(messageTokens(fitted)).toBeGreaterThan(180);
});

test("the newest step stays with a request that would fill the budget, its results cut", () => {
  const request = user("r".repeat(60_000));
  const messages = [
    request,
    ...step("a", "", ["old"]),
    ...step("b", "", ["x".repeat(9_000), "ok"]),
  ];
  const fitted = fitHistory(messages, 500);
  expect(fitted.map((message) => message.role)).toEqual([
    "user",
    "user",
    "assistant",
    "tool",
    "tool",
  ]);
  expect(fitted.at(-2)?.text).toContain("the middle is left out");
  expect(fitted.at(-1)?.text).toBe("ok");
  expect(markerOf(fitted)).toBe(2);
});

test("a history that was fitted before goes on counting", () => {
  const past = fitHistory(
    Array.from({ length: 50 }, (_, n) => user(`message ${n}`)),
    200,
  );
  const fitted = fitHistory([...past, user("x".repeat(300)), user("now")], 200);
  expect(fitted.filter((message) => message.text.includes("left out"))).toHaveLength(1);
  expect(markerOf(fitted) + fitted.length - 1).toBe(52);
});

test("results that answer nothing are left out, also where they would fit", () => {
  const [, orphan] = step("gone", "", ["x"]);
  const fitted = fitHistory([orphan!, user("hello")], 1_000);
  expect(fitted.map((message) => message.text)).toEqual(["[1 earlier messages left out]", "hello"]);
});

test("a budget in which nothing fits is refused", () => {
  expect(() => fitHistory([], LEAST_BUDGET_TOKENS - 1)).toThrow(RangeError);
  expect(fitHistory([], LEAST_BUDGET_TOKENS)).toEqual([]);
});

const text = fc.oneof(
  fc.string({ unit: "binary", maxLength: 60 }),
  fc
    .tuple(fc.string({ unit: "binary", minLength: 1, maxLength: 4 }), fc.nat(3_000))
    .map(([unit, times]) => unit.repeat(times)),
);
const turn = fc.oneof(
  text.map((each) => [user(each)]),
  text.map((each) => [said(each)]),
  fc
    .tuple(fc.uuid(), text, fc.array(text, { maxLength: 4 }))
    .map(([id, each, results]) => step(id, each, results)),
);
const history = fc.array(turn, { maxLength: 25 }).map((turns) => turns.flat());
const budget = fc.oneof(
  fc.integer({ min: LEAST_BUDGET_TOKENS, max: 600 }),
  fc.integer({ min: LEAST_BUDGET_TOKENS, max: 20_000 }),
);

test("the five invariants hold for any history and budget", () => {
  fc.assert(
    fc.property(history, budget, (messages, budget_tokens) => {
      const fitted = fitHistory(messages, budget_tokens);
      const kept = markerOf(fitted) > 0 ? fitted.slice(1) : fitted;
      expect(messageTokens(fitted)).toBeLessThanOrEqual(budget_tokens);
      expect(fitted[0]?.role).not.toBe("tool");
      expectPairs(kept);
      expect(markerOf(fitted)).toBe(messages.length - kept.length);
      expectInOrder(messages, kept, budget_tokens);
      expectRequest(messages, kept, budget_tokens);
    }),
    { numRuns: 600 },
  );
});

/** Every call has its result and every result its call (2). */
function expectPairs(kept: readonly ModelMessage[]): void {
  const calls = kept.flatMap((each) => (each.role === "assistant" ? each.tool_calls : []));
  const results = kept.flatMap((each) => (each.role === "tool" ? [each.call_id] : []));
  expect(results).toEqual(calls.map((call) => call.id));
}

/** Kept messages are in order; but for the request they are the newest, and whole but for cuts. */
function expectInOrder(
  messages: readonly ModelMessage[],
  kept: readonly ModelMessage[],
  budget_tokens: number,
): void {
  if (messageTokens(messages) <= budget_tokens) return expect(kept).toEqual(messages);
  const request = messages.findLastIndex((message) => message.role === "user");
  const newest = messages.slice(messages.length - kept.length);
  const beside = messages.slice(messages.length - kept.length + 1);
  const expected =
    request < 0 || messages.length - kept.length <= request
      ? newest
      : [messages[request]!, ...beside];
  expect(kept.map(withoutText)).toEqual(expected.map(withoutText));
  for (const [at, message] of kept.entries()) {
    if (message.text.includes("the middle is left out")) continue;
    expect(message.text).toBe(expected[at]?.text);
  }
}

const withoutText = ({ text: _, ...rest }: ModelMessage) => rest;

/** The last request is there, whole unless it leaves no room for anything else (4). */
function expectRequest(
  messages: readonly ModelMessage[],
  kept: readonly ModelMessage[],
  budget_tokens: number,
): void {
  const request = messages.findLast((message) => message.role === "user");
  const found = kept.findLast((message) => message.role === "user");
  expect(found === undefined).toBe(request === undefined);
  if (request === undefined || found === undefined) return;
  if (messageTokens([request]) < budget_tokens / 2 - 40) expect(found).toEqual(request);
}

test("the estimate grows with the bytes", () => {
  expect([estimateTokens(""), estimateTokens("abcdefg"), estimateTokens("é".repeat(7))]).toEqual([
    0, 2, 4,
  ]);
});
