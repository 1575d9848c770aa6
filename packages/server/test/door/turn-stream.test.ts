import type { ClientEvent, JournalEvent } from "@mainstay/sdk/events";
import { expect, test } from "vitest";
import type { EventSink } from "../../src/door/sse.ts";
import { followTurn, type TurnStreamParts } from "../../src/door/turn-stream.ts";
import type { JournalListener } from "../../src/store/journal.ts";
import { createLive } from "../../src/turn/live.ts";
import { handClock } from "./hand-clock.ts";

type Place = Awaited<ReturnType<TurnStreamParts["admission"]["place"]>>;

const nudged = (seq: number): JournalEvent => ({
  ...{ seq, at: 0, type: "nudged", step: 1, reason: "empty", matched: "" },
});
const settled = (seq: number): JournalEvent => ({
  ...{ seq, at: 0, type: "settled", state: "done", answer: "ok", mode: "full", provider: null },
  ...{ model: null, usage: { input_tokens: 0, output_tokens: 0 }, error: null },
});

/** A turn whose journal is written by hand, and a client that takes nothing before `opened`. */
function turn() {
  const written: JournalEvent[] = [];
  const listeners = new Set<JournalListener>();
  const places: PromiseWithResolvers<Place>[] = [];
  const live = createLive();
  const parts: TurnStreamParts = {
    live,
    clock: handClock().clock,
    journal: {
      read: async (_, after = 0) => written.filter(({ seq }) => seq > after),
      subscribe: (listener) => {
        listeners.add(listener);
        return () => listeners.delete(listener);
      },
    },
    store: { onStatus: () => () => {} },
    admission: {
      place() {
        const asked = Promise.withResolvers<Place>();
        places.push(asked);
        return asked.promise;
      },
    },
  };
  const opened = Promise.withResolvers<void>();
  const sent: ClientEvent[] = [];
  const sink: EventSink = {
    send: (event) => void sent.push(event as ClientEvent),
    room: () => opened.promise,
    ended: new AbortController().signal,
  };
  function write(event: JournalEvent): void {
    written.push(event);
    for (const listener of listeners) listener("turn_1", event);
  }
  const follow = (after = 0) => followTurn(parts, "turn_1", after, sink);
  return { live, listeners, places, opened, sent, write, follow };
}

test("what waits for a slow client is bounded: journal and snapshot take the place of the rest", async () => {
  const { live, listeners, opened, sent, write, follow } = turn();
  write(nudged(1));
  live.begin("turn_1", 1, 1);
  const over = follow();
  for (let i = 0; i < 20_000; i++) {
    if (i % 1_000 === 0) write(nudged(2 + i / 1_000));
    live.text("turn_1", "x");
  }
  opened.resolve();
  await new Promise(setImmediate);
  for (let i = 0; i < 20_000; i++) live.text("turn_1", "x");
  await new Promise(setImmediate);
  write(settled(22));
  expect(await over).toBe(true);
  const numbers = sent.flatMap((event) => ("seq" in event ? [event.seq] : []));
  expect(numbers).toEqual(Array.from({ length: 22 }, (_, i) => i + 1));
  expect(sent.filter(({ type }) => type === "delta").length).toBeLessThanOrEqual(2_000);
  expect(sent.findLast((event) => event.type === "snapshot")?.text).toHaveLength(40_000);
  expect(listeners.size).toBe(0);
});

test("a client that keeps up misses nothing", async () => {
  const { live, opened, sent, write, follow } = turn();
  opened.resolve();
  live.begin("turn_1", 1, 1);
  const over = follow();
  await new Promise(setImmediate);
  for (let i = 0; i < 900; i++) live.text("turn_1", "x");
  write(settled(1));
  await over;
  expect(sent.filter(({ type }) => type === "delta")).toHaveLength(900);
});

test("after the last event, or past it, there is no waiting", async () => {
  const { opened, sent, write, follow } = turn();
  opened.resolve();
  write(nudged(1));
  write(settled(2));
  expect(await follow(2)).toBe(true);
  expect(sent).toEqual([]);
  expect(await follow(9)).toBe(true);
  expect(sent).toEqual([nudged(1), settled(2)]);
});

test("a turn that begins to wait while its place is looked up is told its place", async () => {
  const { places, opened, sent, write, follow } = turn();
  opened.resolve();
  const over = follow();
  await new Promise(setImmediate);
  write({ seq: 1, at: 0, type: "retried", by: "owner" });
  places[0]!.resolve(null);
  await new Promise(setImmediate);
  expect(places, "what was looked up before it waited says nothing").toHaveLength(2);
  places[1]!.resolve({ position: 1, eta_s: null, no_later_than_s: null, reason: "a seat" });
  await new Promise(setImmediate);
  write(settled(2));
  await over;
  expect(sent.map(({ type }) => type)).toEqual(["retried", "queue", "settled"]);
});
