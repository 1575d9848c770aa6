import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { type Clock, systemClock } from "@mainstay/sdk/clock";
import { afterEach, expect, test } from "vitest";
import { type FakeProvider, startFakeProvider } from "../src/fake-provider.ts";
import { phrases, playful } from "../src/playful.ts";
import type { Script } from "../src/script.ts";

const open: FakeProvider[] = [];

async function start(script: Script, clock: Clock = systemClock): Promise<FakeProvider> {
  const provider = await startFakeProvider({ script, clock });
  open.push(provider);
  return provider;
}

afterEach(async () => {
  await Promise.all(open.splice(0).map((provider) => provider.close()));
});

function model({ url }: FakeProvider, apiKey = "fake") {
  const settings = { name: "fake", baseURL: url, apiKey, includeUsage: true };
  return createOpenAICompatible(settings).chatModel("x");
}

const prompt = [
  { role: "user" as const, content: [{ type: "text" as const, text: "Hello there" }] },
];
const tools = [
  {
    type: "function" as const,
    name: "list_files",
    inputSchema: { type: "object" as const, properties: { path: { type: "string" as const } } },
  },
];

async function streamed(provider: FakeProvider, abortSignal?: AbortSignal) {
  const { stream } = await model(provider).doStream({
    prompt,
    tools,
    ...(abortSignal && { abortSignal }),
  });
  const parts = [];
  for await (const part of stream) parts.push(part);
  return parts;
}

type Part = Awaited<ReturnType<typeof streamed>>[number];
const only = <Type extends Part["type"]>(parts: Part[], type: Type) =>
  parts.filter((part): part is Extract<Part, { type: Type }> => part.type === type);

/** A clock that notes every sleep and never waits. */
function noting(): Clock & { slept: number[] } {
  const slept: number[] = [];
  return { ...systemClock, slept, sleep: async (delay_ms) => void slept.push(delay_ms) };
}

test("text arrives in chunks of the wanted size, with finish reason and usage", async () => {
  const usage = { prompt_tokens: 7, completion_tokens: 3 };
  const provider = await start([{ text: "Grüße, 🌍!", chunk_size: 4, usage }]);
  const parts = await streamed(provider);
  expect(only(parts, "text-delta").map(({ delta }) => delta)).toEqual(["Grüß", "e, 🌍", "!"]);
  expect(only(parts, "finish")).toMatchObject([
    {
      finishReason: { unified: "stop" },
      usage: { inputTokens: { total: 7 }, outputTokens: { total: 3 } },
    },
  ]);
  expect(only(parts, "error")).toEqual([]);
});

test("tool calls arrive in pieces and are whole at the end", async () => {
  const provider = await start([
    {
      text: "Looking.",
      chunk_size: 5,
      tool_calls: [
        { name: "list_files", arguments: { path: "src", intent: "See what is here" } },
        { id: "mine", name: "list_files", arguments: '{"path": ' },
      ],
    },
  ]);
  const parts = await streamed(provider);
  expect(only(parts, "tool-input-delta").length).toBeGreaterThan(5);
  expect(only(parts, "tool-call")).toMatchObject([
    {
      toolCallId: "call_fake_1_0",
      toolName: "list_files",
      input: '{"path":"src","intent":"See what is here"}',
    },
    { toolCallId: "mine", input: '{"path": ' },
  ]);
  expect(only(parts, "finish")).toMatchObject([{ finishReason: { unified: "tool-calls" } }]);
});

test("a request without streaming gets the same answer whole", async () => {
  const provider = await start([
    { text: "Hi.", tool_calls: [{ name: "list_files", arguments: {} }] },
  ]);
  const answer = await model(provider).doGenerate({ prompt, tools });
  expect(answer.content).toMatchObject([
    { type: "text", text: "Hi." },
    { type: "tool-call", toolName: "list_files", input: "{}" },
  ]);
  expect(answer.finishReason.unified).toBe("tool-calls");
  expect(answer.usage.inputTokens.total).toBeGreaterThan(0);
});

test("scripts see the parsed request and its number; bodies are recorded as sent", async () => {
  const provider = await start((request, n) => ({ text: `${request.model} ${n}` }));
  const first = await streamed(provider);
  const second = await streamed(provider);
  const said = [first, second].map((parts) =>
    only(parts, "text-delta")
      .map((p) => p.delta)
      .join(""),
  );
  expect(said).toEqual(["x 1", "x 2"]);
  expect(provider.requests).toHaveLength(2);
  expect(provider.requests[0]).toMatchObject({
    stream: true,
    stream_options: { include_usage: true },
    messages: [{ role: "user", content: "Hello there" }],
    tools: [{ function: { name: "list_files" } }],
  });
});

test("usage is sent only to those who ask for it", async () => {
  const provider = await start([{ text: "Hi." }]);
  const body = { model: "x", stream: true, messages: [{ role: "user", content: "Hello" }] };
  const answer = await post(provider, JSON.stringify(body));
  const text = await answer.text();
  expect(text).toContain('"finish_reason":"stop"');
  expect(text).not.toContain('"usage"');
  expect(text).not.toContain('"choices":[]');
  expect(text).toMatch(/data: \[DONE\]\n\n$/);
});

function post({ url }: FakeProvider, body: string): Promise<Response> {
  const headers = { authorization: "Bearer fake", "content-type": "application/json" };
  return fetch(`${url}/chat/completions`, { method: "POST", headers, body });
}

test("a status comes with its body and headers", async () => {
  const body = { error: { message: "Slow down", type: "requests", code: "rate_limit_exceeded" } };
  const provider = await start([{ status: 429, body, headers: { "retry-after": "7" } }]);
  await expect(streamed(provider)).rejects.toMatchObject({
    statusCode: 429,
    message: "Slow down",
    responseHeaders: { "retry-after": "7" },
  });
});

test("a cut destroys the socket after the wanted chunks", async () => {
  const provider = await start([{ text: "abcdef", chunk_size: 1, cut_after_chunks: 3 }]);
  const { stream } = await model(provider).doStream({ prompt });
  const got: string[] = [];
  const read = async () => {
    for await (const part of stream) if (part.type === "text-delta") got.push(part.delta);
  };
  await expect(read()).rejects.toMatchObject({ cause: { message: "terminated" } });
  expect(got).toEqual(["a", "b", "c"]);
});

test("a cut of a whole answer leaves half a body", async () => {
  const provider = await start([{ text: "abcdef", cut_after_chunks: 0 }]);
  await expect(model(provider).doGenerate({ prompt })).rejects.toThrow();
});

test("a stall goes on until the client leaves, and the provider notices", async () => {
  const provider = await start([{ text: "abcdef", chunk_size: 1, stall_after_chunks: 2 }]);
  const abort = new AbortController();
  const { stream } = await model(provider).doStream({ prompt, abortSignal: abort.signal });
  const got: string[] = [];
  const read = async () => {
    for await (const part of stream) {
      if (part.type === "text-delta") got.push(part.delta);
      if (got.length === 2) abort.abort(new Error("enough"));
    }
  };
  await expect(read()).rejects.toMatchObject({ cause: { message: "enough" } });
  expect(got).toEqual(["a", "b"]);
  await provider.waitForHangUp(1);
});

test("close ends a stalled connection, and closing twice is harmless", async () => {
  const provider = await start([{ text: "ab", chunk_size: 1, stall_after_chunks: 0 }]);
  const reading = streamed(provider).catch((error: Error) => error.message);
  await provider.waitForRequest(1);
  await Promise.all([provider.close(), provider.close()]);
  expect(await reading).toMatch(/terminated|fetch failed|Cannot connect/);
});

test.each(["bytes", "json"] as const)(
  "garbage (%s) never looks like an answer",
  async (garbage) => {
    const provider = await start([{ garbage }]);
    const parts = await streamed(provider);
    expect(only(parts, "text-delta")).toEqual([]);
    expect(only(parts, "finish")).not.toMatchObject([{ finishReason: { unified: "stop" } }]);
    if (garbage === "json") expect(only(parts, "error")).toHaveLength(1);
  },
);

test("a null finish reason is never sent", async () => {
  const provider = await start([{ text: "Hi.", finish_reason: null }]);
  const parts = await streamed(provider);
  expect(only(parts, "text-delta")).toHaveLength(1);
  expect(only(parts, "finish")).toMatchObject([{ finishReason: { raw: undefined } }]);
});

test("an empty answer finishes without a word", async () => {
  const provider = await start([{ empty: true }]);
  const parts = await streamed(provider);
  expect(
    only(parts, "text-delta")
      .map(({ delta }) => delta)
      .join(""),
  ).toBe("");
  expect(only(parts, "finish")).toMatchObject([{ finishReason: { unified: "stop" } }]);
});

test("delays are slept on the clock that was handed in", async () => {
  const clock = noting();
  const delays = { delay_ms: 1000, first_token_delay_ms: 2000, between_ms: 30 };
  const provider = await start([{ text: "abc", chunk_size: 1, ...delays }], clock);
  await streamed(provider);
  expect(clock.slept).toEqual([1000, 2000, 30, 30]);
});

test("a gate holds the reply until it is released", async () => {
  const gate = Promise.withResolvers<void>();
  const provider = await start((_, n) =>
    n === 1 ? { text: "held", gate: gate.promise } : { text: "free" },
  );
  const order: string[] = [];
  const held = streamed(provider).then(() => order.push("held"));
  await provider.waitForRequest(1);
  await streamed(provider).then(() => order.push("free"));
  gate.resolve();
  await held;
  expect(order).toEqual(["free", "held"]);
});

test("a client that leaves a held reply is noticed", async () => {
  const provider = await start([{ text: "held", gate: new Promise(() => {}) }]);
  const abort = new AbortController();
  const reading = streamed(provider, abort.signal).catch((error: Error) => error.message);
  await provider.waitForRequest(1);
  abort.abort(new Error("enough"));
  await provider.waitForHangUp(1);
  expect(await reading).toBe("enough");
});

test("what does not fit is refused in the shape of the OpenAI API", async () => {
  const provider = await start([]);
  await expect(model(provider, "other").doStream({ prompt })).rejects.toMatchObject({
    statusCode: 401,
    data: { error: { code: "invalid_api_key" } },
  });
  const refusals = [
    { status: 400, code: null, answer: await post(provider, "{") },
    { status: 400, code: null, answer: await post(provider, '{"model": "x", "messages": null}') },
    { status: 404, code: "unknown_url", answer: await fetch(`${provider.url}/nowhere`) },
    {
      status: 400,
      code: "script_fault",
      answer: await post(provider, '{"model": "x", "messages": [{"role": "user"}]}'),
    },
  ];
  for (const { status, code, answer } of refusals) {
    expect(answer.status).toBe(status);
    expect(await answer.json()).toMatchObject({ error: { message: expect.any(String), code } });
  }
  expect(provider.requests).toHaveLength(1);
});

test("F2: the last thousand requests are kept, and numbers go on", async () => {
  const provider = await start((_, n) => ({ text: `${n}` }));
  const ask = (content: string) =>
    post(provider, JSON.stringify({ model: "x", messages: [{ role: "user", content }] }));
  await ask("the first");
  await ask("the second");
  for (let batch = 0; batch < 10; batch++)
    await Promise.all(
      Array.from({ length: 100 }, () => ask("more").then((answer) => answer.text())),
    );
  const last = await ask("the last");
  expect(await last.json()).toMatchObject({ choices: [{ message: { content: "1003" } }] });
  expect(provider.requests).toHaveLength(1000);
  expect(provider.requests.at(-1)).toMatchObject({ messages: [{ content: "the last" }] });
  expect(await provider.waitForRequest(1003)).toBe(provider.requests.at(-1));
  const forgotten = await Promise.race([provider.waitForRequest(3), Promise.resolve("forgotten")]);
  expect(forgotten).toBe("forgotten");
});

test("a taken port is said in one line, with what to do", async () => {
  const { url } = await start([]);
  const main = fileURLToPath(new URL("../src/main.ts", import.meta.url));
  const { port } = new URL(url);
  // With nothing of this environment, about which Node itself could have a word to say.
  const run = spawnSync(process.execPath, [main, port], { encoding: "utf8", env: {} });
  expect(run).toMatchObject({
    status: 1,
    stdout: "",
    stderr: `fake-provider: cannot serve on port ${port}: it is taken. Choose another: npm run fake-provider -- 7500\n`,
  });
});

test("models are listed", async () => {
  const { url } = await start([]);
  const answer = await fetch(`${url}/models`, { headers: { authorization: "Bearer fake" } });
  expect(await answer.json()).toMatchObject({ object: "list", data: [{ id: "fake-model" }] });
});

test("the playful model uses the tools that it is offered and reports what they return", () => {
  const offer = (...names: string[]) =>
    names.map((name) => ({ type: "function" as const, function: { name } }));
  const ask = (content: string, tools = offer("shell", "list_files", "read_file", "write_file")) =>
    playful({ model: "x", stream: true, messages: [{ role: "user", content }], tools });
  expect(ask("run ls -l")).toMatchObject({
    tool_calls: [{ name: "shell", arguments: { command: "ls -l" } }],
  });
  expect(ask("run in the background make all")).toMatchObject({
    tool_calls: [{ arguments: { command: "make all", background: true } }],
  });
  expect(ask("run with packages.example.org npm ci")).toMatchObject({
    tool_calls: [{ arguments: { command: "npm ci", open: { hosts: ["packages.example.org"] } } }],
  });
  expect(ask("run reading /srv/other ls -l /srv/other")).toMatchObject({
    tool_calls: [{ arguments: { command: "ls -l /srv/other", open: { folders: ["/srv/other"] } } }],
  });
  expect(ask("please list my files")).toMatchObject({ tool_calls: [{ name: "list_files" }] });
  expect(ask("read README.md")).toMatchObject({
    tool_calls: [{ name: "read_file", arguments: { path: "README.md" } }],
  });
  expect(ask("write a.txt two words")).toMatchObject({
    tool_calls: [{ name: "write_file", arguments: { path: "a.txt", content: "two words\n" } }],
  });
  for (const phrase of phrases) expect(ask(phrase)).toHaveProperty("tool_calls");
  expect(ask("help")).toMatchObject({ text: expect.stringContaining("write FILE TEXT") });
  expect(ask("run ls -l", offer("list_files"))).toEqual({ text: "You said: run ls -l" });
  const result = { role: "tool", tool_call_id: "c1", content: "a.txt" };
  expect(playful({ model: "x", stream: true, messages: [result], tools: [] })).toMatchObject({
    text: expect.stringContaining("a.txt"),
  });
});
