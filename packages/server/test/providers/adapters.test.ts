/**
 * One suite for every adapter, over real sockets: each speaks to a fake provider that has its own
 * paths, key, bodies and headers, and is as strict.
 */
import type { LanguageModelV4StreamPart } from "@ai-sdk/provider";
import {
  type FakeProvider,
  FAKE_KEY,
  startFakeProvider,
} from "@mainstay/fake-provider/fake-provider";
import { faultKinds, wireFault } from "@mainstay/fake-provider/faults";
import type { Script } from "@mainstay/fake-provider/script";
import type { WireName } from "@mainstay/fake-provider/wires/wires";
import { systemClock } from "@mainstay/sdk/clock";
import { afterEach, describe, expect, test } from "vitest";
import type { ModelMessage, ModelRequest } from "../../src/kernel/model.ts";
import { type Ask, adapterFor } from "../../src/providers/adapters/adapters.ts";
import { listModels } from "../../src/providers/adapters/list-models.ts";
import { WireFault } from "../../src/providers/adapters/wire-fault.ts";
import { type ProviderType, providerTypes } from "../../src/providers/target.ts";

const open: FakeProvider[] = [];

afterEach(async () => {
  await Promise.all(open.splice(0).map((provider) => provider.close()));
});

const wireOf = (type: ProviderType): WireName => (type === "openai-compatible" ? "openai" : type);

async function start(type: ProviderType, script: Script): Promise<FakeProvider> {
  const as = wireOf(type);
  const provider = await startFakeProvider({
    script,
    clock: systemClock,
    as,
    models: ["m-1", "m-2"],
  });
  open.push(provider);
  return provider;
}

function adapter(type: ProviderType, { url }: { url: string }, api_key = FAKE_KEY): Ask {
  return adapterFor({
    provider: "test",
    type,
    model: "m-1",
    base_url: url,
    api_key,
    clock: systemClock,
  });
}

const tools = ["list_files", "read_file"].map((name) => ({
  name,
  description: `What ${name} does.`,
  parameters: { type: "object", properties: { path: { type: "string" } }, required: ["path"] },
}));

function request(...messages: ModelMessage[]): ModelRequest {
  const asked: ModelMessage[] = [
    { role: "system", text: "You are helpful." },
    { role: "user", text: "What is here?" },
  ];
  return {
    turn_id: "t",
    said: "What is here?",
    messages: messages.length > 0 ? messages : asked,
    tools,
    model: null,
    check: () => null,
    waiting: () => undefined,
  };
}

interface Said {
  text: string;
  calls: { name: string; input: unknown }[];
  finish: string | undefined;
  usage: unknown;
}

async function parts(ask: Ask, stream = true, signal?: AbortSignal, of = request()) {
  const how = { stream, signal: signal ?? new AbortController().signal };
  const asked = await ask(of, how);
  const all: LanguageModelV4StreamPart[] = [];
  for await (const part of asked.stream) all.push(part);
  return { all, headers: asked.headers };
}

function saidIn(all: readonly LanguageModelV4StreamPart[]): Said {
  const finish = all.find((part) => part.type === "finish");
  return {
    text: all.map((part) => (part.type === "text-delta" ? part.delta : "")).join(""),
    calls: all.flatMap((part) =>
      part.type === "tool-call" ? [{ name: part.toolName, input: JSON.parse(part.input) }] : [],
    ),
    finish: finish?.finishReason.unified,
    usage: finish && [finish.usage.inputTokens.total, finish.usage.outputTokens.total],
  };
}

const say = async (ask: Ask, stream = true, of = request()) =>
  saidIn((await parts(ask, stream, undefined, of)).all);

async function faultOf(work: Promise<unknown>): Promise<WireFault> {
  const thrown = await work.then(
    () => null,
    (fault: unknown) => fault,
  );
  expect(thrown).toBeInstanceOf(WireFault);
  return thrown as WireFault;
}

const usage = { prompt_tokens: 41, completion_tokens: 17 };
const TEXT = 'Grüße, 🌍! 한국어 und „Zitate“ – "error": kein Fehler.\n\n```json\n{"a": 1}\n```';
const twoCalls = {
  text: "Looking.",
  chunk_size: 5,
  usage,
  tool_calls: [
    { id: "abc123XYZ", name: "list_files", arguments: { path: "src/ü 🌍" } },
    { id: "def456UVW", name: "read_file", arguments: { path: 'a\n"b"', error: "none" } },
  ],
};

describe.each(providerTypes)("%s", (type) => {
  const as = wireOf(type);

  test("text arrives in pieces, whole, with finish reason, usage and headers", async () => {
    const headers = { "x-seen": "yes" };
    const provider = await start(type, [{ text: TEXT, chunk_size: 3, usage, headers }]);
    const { all, headers: seen } = await parts(adapter(type, provider));
    expect(saidIn(all)).toEqual({ text: TEXT, calls: [], finish: "stop", usage: [41, 17] });
    expect(all.filter((part) => part.type === "text-delta").length).toBeGreaterThan(10);
    expect(seen["x-seen"]).toBe("yes");
  });

  test("several calls beside text; streamed and whole say the same and take the same", async () => {
    const provider = await start(type, () => twoCalls);
    const streamed = await say(adapter(type, provider));
    const whole = await say(adapter(type, provider), false);
    expect(streamed).toEqual({
      text: "Looking.",
      calls: twoCalls.tool_calls.map((call) => ({ name: call.name, input: call.arguments })),
      finish: "tool-calls",
      usage: [41, 17],
    });
    expect(whole).toEqual(streamed);
  });

  test("what a conversation may hold is taken by the strictest of them", async () => {
    const provider = await start(type, [{ text: "Done.", usage }]);
    const of = request(
      { role: "system", text: "You are helpful." },
      { role: "user", text: "First." },
      { role: "user", text: "" },
      {
        role: "assistant",
        text: "  ",
        tool_calls: [
          { id: "call_from_elsewhere-1", name: "list_files", input: '{"path": "."}' },
          { id: "toolu_2", name: "read_file", input: '{"path": ' },
        ],
      },
      {
        role: "tool",
        call_id: "call_from_elsewhere-1",
        tool: "list_files",
        outcome: "ok",
        text: "",
      },
      { role: "tool", call_id: "toolu_2", tool: "read_file", outcome: "error", text: "no" },
      { role: "user", text: "Go on." },
      { role: "assistant", text: "", tool_calls: [] },
      { role: "assistant", text: "Well. ", tool_calls: [] },
      { role: "user", text: "And?" },
    );
    expect(await say(adapter(type, provider), true, of)).toMatchObject({ text: "Done." });
    expect(provider.requests[0]!.tools.map((tool) => tool.function.name)).toEqual([
      "list_files",
      "read_file",
    ]);
  });

  test.each(faultKinds)("a refusal (%s) carries status, headers and body", async (kind) => {
    const fault = wireFault(as, kind);
    const provider = await start(type, () => fault);
    for (const stream of [true, false]) {
      const { kind: seen, answer } = await faultOf(parts(adapter(type, provider), stream));
      expect(seen).toBe("refused");
      expect(answer.status).toBe(fault.status);
      expect(answer.headers).toMatchObject(fault.headers ?? {});
      const body = typeof fault.body === "string" ? fault.body : JSON.stringify(fault.body);
      expect(answer.body).toBe(body);
    }
  });

  test("a wrong key is refused", async () => {
    const provider = await start(type, []);
    const { answer } = await faultOf(parts(adapter(type, provider, "wrong")));
    expect(answer.status).toBe(wireFault(as, "auth").status);
    const settings = { type, base_url: provider.url, signal: new AbortController().signal };
    const listed = await faultOf(listModels({ ...settings, api_key: "wrong" }));
    expect(listed.answer.status).toBe(wireFault(as, "auth").status);
  });

  test("its models are listed", async () => {
    const provider = await start(type, []);
    const signal = new AbortController().signal;
    const listed = await listModels({ type, base_url: provider.url, api_key: FAKE_KEY, signal });
    expect(listed).toEqual(["m-1", "m-2"]);
  });

  test("a stream that is cut at any chunk ends in a fault, and no call is half", async () => {
    const provider = await start(type, (_, n) => ({ ...twoCalls, cut_after_chunks: n - 1 }));
    const calls: unknown[] = [];
    for (let chunk = 0; chunk < CHUNKS[as]; chunk++) {
      const seen: LanguageModelV4StreamPart[] = [];
      const { kind } = await faultOf(collect(adapter(type, provider), seen));
      expect(kind).toBe("cut");
      expect(seen.some((part) => part.type === "finish")).toBe(false);
      expect(twoCalls.text.startsWith(saidIn(seen).text)).toBe(true);
      calls.push(...saidIn(seen).calls);
    }
    const inputs = twoCalls.tool_calls.map((call) => call.arguments);
    for (const { input } of calls as Said["calls"]) expect(inputs).toContainEqual(input);
  });

  test("a stream without a finish reason is no success", async () => {
    const provider = await start(type, () => ({ text: "Hello", finish_reason: null }));
    const seen = await parts(adapter(type, provider)).then(
      ({ all }) => saidIn(all).finish,
      (fault: WireFault) => fault.kind,
    );
    expect(["cut", "other", "interrupted", "error"]).toContain(seen);
  });

  test.each([
    ["a page", { html: true }, "<!DOCTYPE html>"],
    ["an error in a 200", { error_in_200: { error: { message: "no", code: 5 } } }, '"no"'],
    ["an error in the stream", { text: "Hello you", error_in_stream_after: 1 }, "Scripted error"],
    ["bytes", { garbage: "bytes" }, ""],
    ["no JSON", { garbage: "json" }, ""],
    ["nothing", { nothing: true }, ""],
  ] as const)(
    "%s in place of a stream is malformed, with what was said",
    async (_, reply, said) => {
      const provider = await start(type, [reply]);
      const { kind, answer } = await faultOf(parts(adapter(type, provider)));
      expect(kind).toBe("malformed");
      expect(answer.status).toBe(200);
      expect(answer.body ?? "").toContain(said);
      // Anthropic's package reads the first event itself, and throws before it tells of the head.
      if (type !== "anthropic") expect(answer.headers).toHaveProperty("content-type");
    },
  );

  test.each([
    ["before the head", { hang: "headers" }],
    ["after the head", { hang: "body" }],
    ["in the stream", { text: "Hello you there", chunk_size: 2, stall_after_chunks: 2 }],
  ] as const)("an abort %s reaches the provider at once", async (_, reply) => {
    const provider = await start(type, [reply]);
    const left = new AbortController();
    const reason = new Error("the person left");
    const work = parts(adapter(type, provider), true, left.signal);
    const thrown = work.catch((error: unknown) => error);
    await provider.waitForRequest(1);
    expect(provider.in_flight).toBe(1);
    left.abort(reason);
    await provider.waitForHangUp(1);
    expect(await thrown).toBe(reason);
    await expect.poll(() => provider.in_flight).toBe(0);
  });

  test("nobody there is told as such", async () => {
    const provider = await start(type, []);
    await provider.close();
    const { kind, answer } = await faultOf(parts(adapter(type, provider)));
    expect(kind).toBe("connect");
    expect(answer.status).toBeNull();
  });
});

/** How many chunks `twoCalls` has on each wire. */
const CHUNKS: Record<WireName, number> = {
  openai: 16,
  cerebras: 16,
  groq: 4,
  mistral: 4,
  cohere: 16,
  anthropic: 14,
  google: 4,
};

async function collect(ask: Ask, into: LanguageModelV4StreamPart[]): Promise<void> {
  const asked = await ask(request(), { stream: true, signal: new AbortController().signal });
  for await (const part of asked.stream) into.push(part);
}
