/** What each wire says on purpose; that it is understood is shown by the adapters' suite. */
import { systemClock } from "@mainstay/sdk/clock";
import { afterEach, expect, test } from "vitest";
import { type FakeProvider, startFakeProvider } from "../src/fake-provider.ts";
import { faultKinds, wireFault } from "../src/faults.ts";
import { duration, rateHeaders } from "../src/rates.ts";
import type { Reply } from "../src/script.ts";
import { type WireName, wireNames } from "../src/wires/wires.ts";

const open: FakeProvider[] = [];

afterEach(async () => {
  await Promise.all(open.splice(0).map((provider) => provider.close()));
});

async function start(as: WireName, ...script: Reply[]): Promise<FakeProvider> {
  const provider = await startFakeProvider({ script, clock: systemClock, as });
  open.push(provider);
  return provider;
}

const headers = { authorization: "Bearer fake", "x-api-key": "fake", "x-goog-api-key": "fake" };

function chat({ url }: FakeProvider, stream = true): Promise<Response> {
  const messages = [{ role: "user", content: "Hello" }];
  const body = JSON.stringify({ model: "x", stream, messages });
  return fetch(`${url}/chat/completions`, { method: "POST", headers, body });
}

test.each(wireNames)("%s: every kind of fault has a status that is one, and words", (as) => {
  for (const kind of faultKinds) {
    const { status, body } = wireFault(as, kind);
    expect(status).toBeGreaterThanOrEqual(400);
    expect(JSON.stringify(body).length).toBeGreaterThan(20);
  }
});

test("rates are told in each one's names and formats", () => {
  const rate = {
    requests: { limit: 1000, remaining: 7, reset_s: 179.56 },
    tokens: { limit: 6000, remaining: 0, reset_s: 7.66 },
  };
  const told = (as: WireName) => rateHeaders(as, rate, Date.UTC(2026, 0, 1));
  expect(told("groq")).toMatchObject({
    "x-ratelimit-remaining-requests": "7",
    "x-ratelimit-reset-requests": "2m59.56s",
    "x-ratelimit-reset-tokens": "7.66s",
  });
  expect(told("cerebras")).toMatchObject({
    "x-ratelimit-limit-requests-day": "1000",
    "x-ratelimit-reset-tokens-minute": "7.66",
  });
  expect(told("mistral")).toMatchObject({
    "x-ratelimit-remaining-req-minute": "7",
    "ratelimitbysize-remaining": "0",
    "ratelimitbysize-reset": "8",
  });
  expect(told("anthropic")).toMatchObject({
    "anthropic-ratelimit-requests-reset": "2026-01-01T00:02:59.560Z",
  });
  expect([told("cohere"), told("google")]).toEqual([{}, {}]);
  expect([0, 0.02, 7.66, 60, 7259.56].map(duration)).toEqual([
    "0s",
    "20ms",
    "7.66s",
    "1m0s",
    "2h0m59.56s",
  ]);
});

test("rates come with answers and with refusals", async () => {
  const rate = { tokens: { limit: 10, remaining: 0, reset_s: 3 } };
  const provider = await start("openai", { text: "Hi", rate }, { status: 429, rate });
  for (const answer of [await chat(provider), await chat(provider)])
    expect(answer.headers.get("x-ratelimit-reset-tokens")).toBe("3s");
});

test("a black hole says nothing, or its headers and no more, and is counted until it is left", async () => {
  const provider = await start("openai", { hang: "body" }, { hang: "headers" });
  const left = new AbortController();
  const asked = await fetch(`${provider.url}/chat/completions`, {
    method: "POST",
    headers,
    body: JSON.stringify({ model: "x", messages: [{ role: "user", content: "Hello" }] }),
    signal: left.signal,
  });
  expect(asked.status).toBe(200);
  const silent = chat(provider).catch(() => "left");
  await provider.waitForRequest(2);
  expect([provider.in_flight, provider.peak_in_flight]).toEqual([2, 2]);
  left.abort();
  await provider.waitForHangUp(1);
  await provider.close();
  expect(await silent).toBe("left");
  expect(provider.peak_in_flight).toBe(2);
});

test("replies that are none: a page, an error in a 200, nothing, an error in a stream", async () => {
  const provider = await start(
    "openai",
    { html: true },
    { error_in_200: { error: "no" } },
    { nothing: true },
    { text: "Hello you", chunk_size: 5, error_in_stream_after: 1 },
  );
  const bodies = [];
  for (let n = 0; n < 4; n++) bodies.push(await (await chat(provider)).text());
  expect(bodies[0]).toContain("<html>");
  expect(bodies[1]).toBe('{"error":"no"}');
  expect(bodies[2]).toBe("");
  expect(bodies[3]).toContain('"content":"Hello"');
  expect(bodies[3]).toMatch(
    /data: \{"error":\{"message":"Scripted error in the stream\."[^\n]+\n\n$/,
  );
});

test("truncated arguments end half way, and all else is in order", async () => {
  const reply = {
    tool_calls: [{ name: "list_files", arguments: { path: "src" } }],
    truncate_tool_json: true as const,
  };
  const provider = await start("openai", reply);
  expect(await (await chat(provider, false)).json()).toMatchObject({
    choices: [
      {
        finish_reason: "tool_calls",
        message: { tool_calls: [{ function: { arguments: '{"path"' } }] },
      },
    ],
  });
});
