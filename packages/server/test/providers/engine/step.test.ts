/** What a step does with targets whose answers and times are told by hand. */
import { expect, test } from "vitest";
import type { ModelPart, ModelRequest } from "../../../src/kernel/model.ts";
import type { Ask } from "../../../src/providers/adapters/adapters.ts";
import { partStream } from "../../../src/providers/adapters/part-stream.ts";
import type { Member } from "../../../src/providers/engine/member.ts";
import { createPool } from "../../../src/providers/engine/pool.ts";
import { answerStep } from "../../../src/providers/engine/step.ts";
import { closedBreaker } from "../../../src/providers/policy/breaker.ts";
import { type AttemptCode, AttemptFault } from "../../../src/providers/policy/codes.ts";
import { createPacing } from "../../../src/providers/policy/pacing.ts";
import { createRetryBudget } from "../../../src/providers/policy/retry-budget.ts";
import { targetKey } from "../../../src/providers/target.ts";
import { targetsOf } from "../../../src/providers/targets-of.ts";
import { handClock } from "../../door/hand-clock.ts";
import { never, requestOf, settingsOf } from "../pool.ts";

type Headers = Record<string, string>;

const usage = {
  inputTokens: { total: 5, noCache: 5, cacheRead: undefined, cacheWrite: undefined },
  outputTokens: { total: 5, text: 5, reasoning: undefined },
};

const says =
  (text: string, headers: Headers = {}): Ask =>
  () =>
    Promise.resolve({
      headers,
      stream: partStream(
        ReadableStream.from([
          { type: "text-delta" as const, id: "1", delta: text },
          {
            type: "finish" as const,
            finishReason: { unified: "stop" as const, raw: "stop" },
            usage,
          },
        ]),
        (thrown) => thrown,
      ),
    });

const fails =
  (code: AttemptCode, told: { headers?: Headers; retry_after_ms?: number } = {}): Ask =>
  () =>
    Promise.reject(new AttemptFault(code, code, { status: 400, ...told }));

/** Silent until it is left. */
const silent: Ask = (_, { signal }) =>
  new Promise((_resolve, reject) =>
    signal.addEventListener("abort", () => reject(signal.reason as Error), { once: true }),
  );

function openSteps(asks: Record<string, Ask>, concurrency: number | null = null) {
  const time = handClock();
  const { clock } = time;
  const pool = createPool({ clock, random: () => 0, paused: () => null });
  const members = new Map<string, Member>();
  for (const [provider, ask] of Object.entries(asks)) {
    const settings = settingsOf(provider, "http://127.0.0.1:1");
    const limits = { ...settings.limits, concurrency };
    for (const { target } of targetsOf({ ...settings, limits })) {
      const member = {
        key: targetKey(target),
        target: { ...target, type: "openai" as const },
        ask,
      };
      members.set(provider, member);
      pool.add(member, createPacing({ clock, limits }), closedBreaker);
    }
  }
  const parts = {
    pool,
    clock,
    random: () => 0,
    retries: createRetryBudget(),
    told: (t: string) => t,
  };

  /** Steps on until nothing more happens without time. */
  function step(request: ModelRequest = requestOf("hello"), signal: AbortSignal = never) {
    const heard: ModelPart[] = [];
    let end: "open" | "answered" | Error = "open";
    void (async () => {
      for await (const part of answerStep(parts, request, signal)) heard.push(part);
      end = "answered";
    })().catch((fault: Error) => (end = fault));
    return { heard, end: () => end, types: () => heard.map(({ type }) => type) };
  }
  return { ...time, pool, step, member: (provider: string) => members.get(provider)! };
}

const settled = async () => {
  for (let i = 0; i < 20; i++) await new Promise(setImmediate);
};

const used_up = (seconds: number): Headers => ({
  "x-ratelimit-limit-tokens": "6000",
  "x-ratelimit-remaining-tokens": "0",
  "x-ratelimit-reset-tokens": `${seconds}s`,
});

test("who failed for good is not waited for, and one wait is told once", async () => {
  const { step, pass } = openSteps({
    a: fails("rejected", { headers: used_up(1) }),
    b: fails("rate", { retry_after_ms: 3_000 }),
  });
  const { types, end, heard } = step();
  await settled();
  expect(types().filter((type) => type === "paced")).toHaveLength(1);
  expect(heard.find(({ type }) => type === "paced")).toMatchObject({ provider: "b" });
  await pass(2_900);
  expect(types().filter((type) => type === "paced")).toHaveLength(1);
  expect(end()).toBe("open");
  await pass(60_000);
  await settled();
  expect(types().length).toBeLessThan(30);
});

test("a wait ends when the rate is told to be used up for hours", async () => {
  const { step, pool, member, pass } = openSteps({ a: says("hi") });
  const under_way = pool.begin(member("a"), 10, null)!;
  pool.health(member("a").key).pacing.afterRate(1_000);
  const { end } = step();
  await settled();
  expect(end()).toBe("open");
  under_way.heard({
    "x-ratelimit-limit-requests": "100",
    "x-ratelimit-remaining-requests": "0",
    "x-ratelimit-reset-requests": "20h",
  });
  await pass(1_500);
  await settled();
  expect(end()).toMatchObject({ name: "NoModelAnswered" });
});

test("a wait never lasts longer than a rate is worth", async () => {
  const { step, pool, member, pass } = openSteps({ a: says("hi") });
  const { pacing } = pool.health(member("a").key);
  pacing.afterRate(50_000);
  const { end } = step();
  await settled();
  for (let s = 0; s < 3; s++) {
    await pass(25_000);
    pacing.afterRate(50_000);
  }
  await settled();
  expect(end()).toMatchObject({ name: "NoModelAnswered" });
});

test("one person's request does not shut a target for all", async () => {
  const plan = '{"action": "think", "plan": ["one", "two"]}';
  const { step, pool, member } = openSteps({ a: says(plan) });
  const { end } = step();
  await settled();
  expect(end()).toMatchObject({ name: "NoModelAnswered" });
  expect(pool.health(member("a").key).breaker.state).toBe("closed");
  expect(pool.available()).toBe("full");
});

test("what is handed over holds no plan, and says whose it is", async () => {
  const call = { type: "tool-call" as const, toolCallId: "1", toolName: "no_tool", input: "{}" };
  const finish = {
    type: "finish" as const,
    finishReason: { unified: "tool-calls" as const, raw: "" },
    usage,
  };
  const text = { type: "text-delta" as const, id: "1", delta: '{"action": "no_tool", "plan": []}' };
  const wrong: Ask = () =>
    Promise.resolve({
      headers: {},
      stream: partStream(ReadableStream.from([text, call, finish]), (thrown) => thrown),
    });
  const { step } = openSteps({ a: fails("auth"), b: wrong });
  const { heard, end } = step(requestOf("hello", { check: () => "there is no such tool" }));
  await settled();
  expect(end()).toBe("answered");
  const last = heard.findLastIndex(({ type }) => type === "mended");
  expect(heard.slice(last).map(({ type }) => type)).toEqual(["mended", "tool_call", "finish"]);
  expect(heard.at(-1)).toMatchObject({
    provider: "b",
    mode: "reduced",
    why: "a: its key was refused",
  });
});

test("the person hears within two seconds what is waited for, and who is next", async () => {
  const words: (string | null)[] = [];
  const { step, pass } = openSteps({ a: silent, b: says("hi") });
  const { end, heard } = step(requestOf("hello", { waiting: (text) => words.push(text) }));
  await settled();
  await pass(2_000);
  expect(words).toEqual(["waiting for a, 2 s; b is next"]);
  await pass(6_000);
  await settled();
  expect(end()).toBe("answered");
  expect(words.at(-1)).toBeNull();
  expect(heard.at(-1)).toMatchObject({ provider: "b", why: "a: it did not begin to answer" });
});

test("who waits alone for a silent target goes on as soon as another has come back", async () => {
  const { step, pass, pool, member } = openSteps({ a: silent, b: says("hi") });
  pool.gaveUp(new Map([[member("b").key, new AttemptFault("connect", "away")]]));
  const { end, heard } = step();
  await settled();
  await pass(20_000);
  expect(end()).toBe("open");
  const heardOf = { has_answer: true, first_token_ms: 1, longest_silence_ms: 1, said_bytes: 1 };
  for (let probe = 0; probe < 2; probe++) pool.probed(member("b"), null, heardOf);
  for (let call = 0; call < 12; call++)
    pool.begin(member("b"), 1, null)!.answered(heardOf, { input_tokens: 1, output_tokens: 1 });
  await pass(1_500);
  await settled();
  expect(end()).toBe("answered");
  expect(heard.at(-1)).toMatchObject({ provider: "b", why: "a: it did not begin to answer" });
});

test("who wishes for a target that failed lately gets it asked", async () => {
  const { step, pool, member } = openSteps({ a: says("a"), b: says("b") });
  pool.gaveUp(new Map([[member("b").key, new AttemptFault("connect", "away")]]));
  const { heard } = step(requestOf("hello", { model: "b" }));
  await settled();
  expect(heard.at(-1)).toMatchObject({ type: "finish", provider: "b", why: null });
});

test("the last target is asked one call at a time while it is to be left alone, whatever else it answers", async () => {
  const { step, pool, member } = openSteps({ a: silent });
  const running = step();
  await settled();
  pool.gaveUp(new Map([[member("a").key, new AttemptFault("overload", "busy")]]));
  const resort = step();
  const next = step();
  await settled();
  expect(running.types()).toEqual(["attempt_started"]);
  expect(resort.types()).toEqual(["attempt_started"]);
  expect(next.end()).toMatchObject({ name: "NoModelAnswered" });
});
