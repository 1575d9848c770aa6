import type { ServerResponse } from "node:http";
import { afterEach, expect, test } from "vitest";
import { ProblemError, ProtocolError, Unreachable } from "../src/call.ts";
import { type ClientOptions, createClient } from "../src/client.ts";
import { type Clock, systemClock } from "../src/clock.ts";
import type { ClientEvent } from "../src/events.ts";
import { untilAnswered } from "../src/outage.ts";
import {
  answers,
  frame,
  type Handler,
  inTurn,
  refuses,
  type ScriptedServer,
  startScriptedServer,
} from "./scripted-server.ts";

const open: ScriptedServer[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((server) => server.close()));
});

async function start(routes: Record<string, Handler>, options: Partial<ClientOptions> = {}) {
  const server = await startScriptedServer(routes);
  open.push(server);
  const client = createClient({
    base_url: server.url,
    key: "mst_test",
    fetch,
    clock: systemClock,
    random: () => 0,
    ...options,
  });
  return { server, client };
}

const usage = { input_tokens: 1, output_tokens: 1 };
const turn = {
  id: "turn_1",
  session_id: "ses_1",
  workspace_id: "ws_1",
  state: "queued",
  message: "hi",
  urgency: "interactive",
  queue: null,
  answer: null,
  mode: null,
  provider: null,
  model: null,
  provider_why: null,
  usage,
  error: null,
  approvals: [],
  commands: [],
  edits: [],
  last_event: 1,
  pause: null,
  created_at: "2026-01-01T00:00:00.000Z",
  settled_at: null,
};
const settled = (seq: number) => ({
  seq,
  at: 0,
  type: "settled",
  state: "done",
  answer: "ok",
  mode: "full",
  provider: "p",
  model: "m",
  usage,
  error: null,
});
const started = (seq: number) => ({
  seq,
  at: 0,
  type: "started",
  fence: 1,
  waited_ms: 0,
  ahead: 0,
});
const delta = { type: "delta", step: 1, attempt: 1, offset: 0, text: "x" };

/** Writes `events` as a stream and then ends it, or does what `end` says. */
const streams =
  (
    events: { type: string; seq?: number }[],
    end = (response: ServerResponse) => void response.end(),
  ): Handler =>
  (_, response) => {
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.write(`: hello\n\n${events.map(frame).join("")}`, () => end(response));
  };
const cut = (response: ServerResponse) => void response.destroy();
const stay = () => undefined;

async function all(events: AsyncIterable<ClientEvent>): Promise<(number | string)[]> {
  const seen = [];
  for await (const event of events) seen.push("seq" in event ? event.seq : event.type);
  return seen;
}

const turn_route = "GET /v1/turns/turn_1";
const events_route = "GET /v1/turns/turn_1/events";

test("a call carries the key, the body and its headers, and returns what was checked", async () => {
  const { server, client } = await start({ "POST /v1/turns": answers(turn, 202) });
  const made = await client.turns.create({ message: "hi" }, { idempotency_key: "k1", wait_s: 2 });
  expect(made).toEqual(turn);
  expect(server.requests[0]).toMatchObject({
    body: { message: "hi" },
    headers: { authorization: "Bearer mst_test", "idempotency-key": "k1", prefer: "wait=2" },
  });
});

test("identifiers cannot leave their place in the path", async () => {
  const { server, client } = await start({});
  await expect(client.turns.get("../me?x")).rejects.toThrow(ProblemError);
  expect(server.requests[0]?.path).toBe("/v1/turns/..%2Fme%3Fx");
});

test("a refusal is a ProblemError with the whole problem", async () => {
  const errors = [{ pointer: "/message", expected: "text", got: "null", fix: "send text" }];
  const { client } = await start({
    "POST /v1/turns": refuses({ status: 400, code: "invalid_request", errors }),
  });
  const refusal = await client.turns.create({ message: "hi" }).catch((fault: unknown) => fault);
  expect(refusal).toBeInstanceOf(ProblemError);
  expect((refusal as ProblemError).problem).toMatchObject({ code: "invalid_request", errors });
});

test("a refusal whose code is not known yet keeps its words", async () => {
  const { client } = await start({
    "GET /v1/me": refuses({ status: 507, code: "invented" as "internal", detail: "Too full." }),
  });
  await expect(client.me()).rejects.toMatchObject({
    problem: { status: 507, detail: "Too full." },
  });
});

test.for([
  ["nobody there", (_: unknown, response: ServerResponse) => void response.destroy()],
  ["one who stops", refuses({ status: 503, code: "shutting_down" })],
] as const)("a call waits until somebody answers: %s", async ([, absent]) => {
  const me = refuses({ status: 404, code: "not_found" });
  const { server, client } = await start({ "GET /v1/me": inTurn(absent, absent, me) });
  const told: string[] = [];
  const outage = { on_lost: () => told.push("lost"), on_back: () => told.push("back") };
  const parts = { clock: systemClock, random: () => 0 };
  await expect(untilAnswered(parts, client.me, outage)).rejects.toThrow(ProblemError);
  expect(told).toEqual(["lost", "lost", "back"]);
  expect(server.requests).toHaveLength(3);
  const left = { signal: AbortSignal.abort(new Error("left")) };
  await expect(untilAnswered(parts, client.me, left)).rejects.toThrow("left");
});

test("a server that is not ready still says why", async () => {
  const readiness = { ready: false, level: "read-only", version: "1", checks: [] };
  const { client } = await start({ "GET /readyz": answers(readiness, 503) });
  expect(await client.readyz()).toEqual(readiness);
});

test("nobody there, no answer in time, a gateway's word: Unreachable; nonsense: ProtocolError", async () => {
  const { server, client } = await start({
    "GET /v1/me": answers("<html>", 502),
    "GET /v1/sessions": answers({ items: [{}], next: null }),
    "GET /v1/turns": answers("teapot", 418),
  });
  await expect(client.me()).rejects.toThrow(Unreachable);
  await expect(client.sessions.list()).rejects.toThrow(ProtocolError);
  await expect(client.turns.list()).rejects.toThrow(ProtocolError);
  await server.close();
  await expect(client.me()).rejects.toThrow(Unreachable);

  const hasty: Clock = { ...systemClock, after: (_, run) => (queueMicrotask(run), stay) };
  const late = await start({ "GET /v1/me": stay }, { clock: hasty });
  await expect(late.client.me()).rejects.toThrow(/no answer within 30 s/);
});

test("E1: over cuts, repeats and restarts each journal event comes once, in order", async () => {
  const { server, client } = await start({
    [turn_route]: answers({ ...turn, state: "running" }),
    [events_route]: inTurn(
      streams([started(1), delta, started(2)], cut),
      refuses({ status: 503, code: "shutting_down" }),
      streams([]),
      streams([started(1), started(2), started(3)], cut),
      streams([delta, started(4), settled(5), started(6)], stay),
    ),
  });
  const told: string[] = [];
  const events = client.events("turn_1", {
    on_lost: (cause) => told.push(cause.name),
    on_back: () => told.push("back"),
  });
  expect(await all(events)).toEqual([1, "delta", 2, 3, "delta", 4, 5]);
  expect(server.to(events_route).map(({ headers }) => headers["last-event-id"])).toEqual([
    "0",
    "2",
    "2",
    "2",
    "3",
  ]);
  const [broken, refused] = ["Unreachable", "ProblemError"];
  expect(told).toEqual([broken, refused, "back", broken, "back", broken, "back"]);
});

test("the longest step that a model may have arrives whole", async () => {
  const answer = "\u0001".repeat(1_000_000);
  const longest = { ...settled(1), answer };
  const { client } = await start({ [events_route]: streams([longest]) });
  const lengths = [];
  for await (const event of client.events("turn_1"))
    if (event.type === "settled") lengths.push(event.answer.length);
  expect(lengths).toEqual([1_000_000]);
});

test("`after` starts later, a type of a newer server is passed over with its number", async () => {
  const { client } = await start({
    [events_route]: streams([{ type: "invented", seq: 8 }, { type: "sparkle" }, settled(9)]),
  });
  expect(await all(client.events("turn_1", { after: 7 }))).toEqual([9]);
});

test.for([
  ["E2: a gap", [started(1), settled(3)]],
  ["an event that breaks its schema", [{ type: "started", seq: 1 }]],
] as const)("%s is an error", async ([, events]) => {
  const { client } = await start({ [events_route]: streams([...events]) });
  await expect(all(client.events("turn_1"))).rejects.toThrow(ProtocolError);
});

test.for([
  ["a stream without news", streams([])],
  ["a stream that tells the end again", streams([settled(5)], stay)],
] as const)("E5: who has seen the end is not kept waiting: %s", async ([, stream]) => {
  const { client } = await start({
    [turn_route]: answers({ ...turn, state: "done", last_event: 5 }),
    [events_route]: stream,
  });
  expect(await all(client.events("turn_1", { after: 5 }))).toEqual([]);
});

const damaged = (seq: number) => ({
  ...settled(seq),
  ...{ state: "failed", error: { code: "journal_damaged", message: "event 3 is torn" } },
});

test.for([
  ["before what was seen", [started(1), started(2), damaged(3)], 5, [3]],
  ["at the number of what was seen", [damaged(5)], 5, [5]],
  ["in data that an older copy took the place of", [started(1), settled(2)], 5, [2]],
] as const)("E6: an end comes, also %s", async ([, events, after, seen]) => {
  const { client } = await start({ [events_route]: streams([...events], stay) });
  expect(await all(client.events("turn_1", { after }))).toEqual([...seen]);
});

test("E6: an end comes also where the journal was damaged while it was told", async () => {
  const { client } = await start({
    [turn_route]: answers({ ...turn, state: "running" }),
    [events_route]: inTurn(
      streams([started(1), started(2), started(3)], cut),
      streams([damaged(2)], stay),
    ),
  });
  expect(await all(client.events("turn_1"))).toEqual([1, 2, 3, 2]);
});

test("E6: damage that no event tells of is a problem, not a quiet end", async () => {
  const { error } = damaged(5);
  const { client } = await start({
    [turn_route]: answers({ ...turn, state: "failed", error, last_event: 5 }),
    [events_route]: streams([]),
  });
  const problem = { code: "journal_damaged", detail: error.message };
  await expect(all(client.events("turn_1", { after: 5 }))).rejects.toMatchObject({ problem });
});

test.for([
  [404, "not_found"],
  [500, "journal_damaged"],
] as const)("a refusal for good ends the iteration: %i %s", async ([status, code]) => {
  const { server, client } = await start({ [events_route]: refuses({ status, code }) });
  await expect(all(client.events("turn_1"))).rejects.toThrow(ProblemError);
  expect(server.requests).toHaveLength(1);
});

test("E3: a silent connection is given up and opened again", async () => {
  const armed: (() => void)[] = [];
  const clock: Clock = { ...systemClock, after: (_, run) => (armed.push(run), stay) };
  const { client } = await start(
    { [events_route]: inTurn(streams([started(1)], stay), streams([settled(2)])) },
    { clock },
  );
  const events = client.events("turn_1")[Symbol.asyncIterator]();
  expect((await events.next()).value).toMatchObject({ seq: 1 });
  armed.at(-1)?.();
  expect((await events.next()).value).toMatchObject({ seq: 2 });
});

test("E4: the delays grow with jitter to their limit, and after a minute it gives up", async () => {
  let now_ms = 0;
  const delays: number[] = [];
  const clock: Clock = {
    ...systemClock,
    monotonic: () => now_ms,
    sleep: async (delay_ms) => void ((now_ms += delay_ms), delays.push(delay_ms)),
  };
  const { server, client } = await start({}, { clock, random: () => 0.5 });
  await server.close();
  await expect(all(client.events("turn_1"))).rejects.toThrow(Unreachable);
  expect(delays.slice(0, 8)).toEqual([50, 100, 200, 400, 800, 1000, 1000, 1000]);
  expect(now_ms).toBeGreaterThanOrEqual(60_000);
  expect(now_ms).toBeLessThan(63_000);
});

test("an abort ends the iteration quietly, in a stream and in a pause", async () => {
  const leave = new AbortController();
  const { client } = await start({ [events_route]: streams([started(1)], stay) });
  const events = client.events("turn_1", { signal: leave.signal })[Symbol.asyncIterator]();
  await events.next();
  leave.abort();
  expect((await events.next()).done).toBe(true);

  const pausing = new AbortController();
  const other = await start({}, { random: () => 1 });
  await other.server.close();
  const on_lost = () => pausing.abort();
  expect(await all(other.client.events("turn_1", { signal: pausing.signal, on_lost }))).toEqual([]);
});
