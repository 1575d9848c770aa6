import type { LanguageModelV4StreamPart } from "@ai-sdk/provider";
import { type FakeProvider, startFakeProvider } from "@mainstay/fake-provider/fake-provider";
import type { Script } from "@mainstay/fake-provider/script";
import { type Clock, systemClock } from "@mainstay/sdk/clock";
import { afterEach, expect, test } from "vitest";
import { type ModelRequest, NoModelAnswered } from "../../src/kernel/model.ts";
import type { Ask } from "../../src/providers/adapters/adapters.ts";
import { partStream } from "../../src/providers/adapters/part-stream.ts";
import { attempt, nothingHeard } from "../../src/providers/engine/attempt.ts";
import { routeTargets } from "../../src/providers/route.ts";
import type { Target } from "../../src/providers/target.ts";
import { handClock } from "../door/hand-clock.ts";
import { openPool, settingsOf } from "./pool.ts";

const models: FakeProvider[] = [];
afterEach(async () => {
  await Promise.all(models.splice(0).map((model) => model.close()));
});

const request: ModelRequest = {
  turn_id: "turn_1",
  messages: [{ role: "user", text: "hello" }],
  tools: [],
  model: null,
  said: "hello",
  check: () => null,
  waiting: () => {},
};

async function pool(...scripts: Script[]) {
  for (const script of scripts)
    models.push(await startFakeProvider({ script, clock: systemClock }));
  const settings = models.map(({ url }, i) => settingsOf(`p${i + 1}`, url, [`m${i + 1}`]));
  return openPool(settings).providers;
}

async function all<T>(parts: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const part of parts) list.push(part);
  return list;
}

const down: Script = () => ({ status: 503, body: { error: { message: "down" } } });
const never = new AbortController().signal;

test("the first target that answers is named, with why it was asked", async () => {
  const providers = await pool(down, [{ text: "hi" }]);
  const parts = await all(providers.stream(request, never));
  expect(parts.map((part) => part.type)).toEqual([
    "attempt_started",
    "attempt_failed",
    "attempt_started",
    "text",
    "finish",
  ]);
  expect(parts[1]).toMatchObject({ provider: "p1", code: "overload" });
  expect(parts[2]).toMatchObject({ why: "the ones before it could not answer" });
  expect(parts[4]).toMatchObject({ provider: "p2", model: "m2", reason: "stop", mode: "reduced" });
});

test.each([
  [401, "auth", 1],
  [403, "auth", 1],
  [400, "rejected", 1],
  [500, "server_error", 2],
  [503, "overload", 2],
])("status %i is %s and is asked %i time(s)", async (status, code, asked) => {
  const providers = await pool(() => ({ status, body: { error: { message: "no" } } }));
  const failed = all(providers.stream(request, never));
  await expect(failed).rejects.toThrow(NoModelAnswered);
  await expect(failed).rejects.toMatchObject({ failures: [{ provider: "p1", code }] });
  expect(models[0]!.requests).toHaveLength(asked);
});

test.each<[string, Script]>([
  ["bytes that are no event stream", [{ garbage: "bytes" }]],
  ["an event that is no JSON", [{ garbage: "json" }]],
  ["a stream without a finish reason", [{ text: "half", finish_reason: null }]],
  ["a stream that is cut before its first word", [{ text: "half", cut_after_chunks: 0 }]],
])("%s is no answer: the next target is asked", async (_, script) => {
  const providers = await pool(script, [{ text: "whole" }]);
  const parts = await all(providers.stream(request, never));
  const finish = parts.at(-1);
  expect(finish).toMatchObject({ type: "finish", provider: "p2" });
  const restart = parts.findLastIndex((part) => part.type === "restart");
  const text = parts.slice(restart + 1).filter((part) => part.type === "text");
  expect(text.map((part) => part.text).join("")).toBe("whole");
});

test("tool calls arrive whole, also when they are streamed in pieces", async () => {
  const call = { name: "read_file", arguments: { path: "a.ts", intent: "look" } };
  const providers = await pool([{ tool_calls: [call], chunk_size: 3 }]);
  const parts = await all(providers.stream(request, never));
  const found = parts.find((part) => part.type === "tool_call");
  expect(found && JSON.parse(found.call.input)).toEqual(call.arguments);
});

test.each<[string, Script]>([
  ["text", [{ text: "x".repeat(1_000_001), chunk_size: 250_000 }]],
  [
    "arguments of a tool",
    [{ tool_calls: [{ name: "f", arguments: "x".repeat(1_000_001) }], chunk_size: 250_000 }],
  ],
])("%s without an end is cut off at the bound, and the next target is asked", async (_, script) => {
  const providers = await pool(script, [{ text: "short" }]);
  const parts = await all(providers.stream(request, never));
  expect(parts.find((part) => part.type === "attempt_failed")).toMatchObject({
    code: "too_long",
    message: "it said more than 1000000 characters in one step",
  });
  expect(parts.at(-1)).toMatchObject({ type: "finish", provider: "p2" });
});

test("as much as the bound is taken whole", async () => {
  const providers = await pool([{ text: "x".repeat(1_000_000), chunk_size: 250_000 }]);
  const parts = await all(providers.stream(request, never));
  expect(parts.at(-1)).toMatchObject({ type: "finish", provider: "p1" });
});

const deadlines = { first_token_ms: 10_000, between_ms: 60_000, total_ms: 600_000 };
const how = (clock: Clock) =>
  ({
    ...{ deadlines: () => deadlines, clock, signal: never },
    heard: nothingHeard(),
    onHeaders: () => {},
    cut: never,
    type: "openai-compatible",
  }) as const;

/** A target that says one part a second, for ever. */
const says =
  (part: LanguageModelV4StreamPart, time: ReturnType<typeof handClock>): Ask =>
  () =>
    Promise.resolve({
      headers: {},
      stream: partStream(
        new ReadableStream({
          async pull(controller) {
            await time.clock.sleep(1_000);
            controller.enqueue(part);
          },
        }),
        (thrown) => thrown,
      ),
    });

test.each<[string, LanguageModelV4StreamPart]>([
  ["text", { type: "text-delta", id: "1", delta: "x" }],
  ["a thought", { type: "reasoning-delta", id: "1", delta: "x" }],
  ["a tool's arguments", { type: "tool-input-delta", id: "1", delta: "x" }],
])("an attempt that goes on with %s is alive, until its whole time is up", async (_, part) => {
  const time = handClock();
  let ended: unknown;
  const attempted = all(attempt(says(part, time), request, how(time.clock))).catch(
    (fault: unknown) => (ended = fault),
  );
  await new Promise(setImmediate);
  await time.pass(599_000);
  expect(ended).toBeUndefined();
  await time.pass(2_000);
  await attempted;
  expect(ended).toMatchObject({ code: "timed_out", message: "no end within 600 s" });
});

test("a part without a word is no sign of life", async () => {
  const time = handClock();
  const silent = says({ type: "reasoning-start", id: "1" }, time);
  const attempted = all(attempt(silent, request, how(time.clock)));
  attempted.catch(() => undefined);
  await time.pass(11_000);
  await expect(attempted).rejects.toMatchObject({ code: "first_token_timeout" });
});

test("an abort is thrown as it came and ends the call upstream", async () => {
  const controller = new AbortController();
  const providers = await pool([{ text: "never", gate: new Promise(() => {}) }]);
  const stream = all(providers.stream(request, controller.signal));
  stream.catch(() => undefined);
  await models[0]!.waitForRequest(1);
  const reason = new Error("enough");
  controller.abort(reason);
  await expect(stream).rejects.toBe(reason);
  await models[0]!.waitForHangUp(1);
});

test("fractions of tokens are whole tokens by the time they are kept", async () => {
  const usage = { prompt_tokens: 12.5, completion_tokens: 3 };
  const providers = await pool([{ text: "hi", usage }]);
  const parts = await all(providers.stream(request, never));
  expect(parts.at(-1)).toMatchObject({ usage: { input_tokens: 13, output_tokens: 3 } });
});

test("what is aborted already is not asked at all", async () => {
  const providers = await pool([{ text: "never" }]);
  const gone = AbortSignal.abort(new Error("gone"));
  await expect(all(providers.stream(request, gone))).rejects.toThrow("gone");
  expect(models[0]!.requests).toHaveLength(0);
});

test("a wish for a model is asked first when it is configured, else the order holds", () => {
  const members = [
    { target: { provider: "a", model: "x", rank: 0 } as Target },
    { target: { provider: "a", model: "z", rank: 1 } as Target },
    { target: { provider: "b", model: "y", rank: 0 } as Target },
  ];
  const order = (wish: string | null) =>
    routeTargets(members, wish).order.map(({ target: { provider, model } }) => provider + model);
  expect(order(null)).toEqual(["ax", "by", "az"]);
  expect(order("y")).toEqual(["by", "ax", "az"]);
  expect(order("b/y")).toEqual(["by", "ax", "az"]);
  expect(order("a")).toEqual(["ax", "az", "by"]);
  expect(order("unknown")).toEqual(["ax", "by", "az"]);
});
