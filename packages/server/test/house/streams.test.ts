import { type ClientEvent, isJournalEvent } from "@mainstay/sdk/events";
import { createSseParser } from "@mainstay/sdk/sse";
import { afterEach, expect, test } from "vitest";
import { calls, type House, openHouse, says } from "./house.ts";

let house: House;
afterEach(() => house.close());

/** One connection, read until `enough`, then dropped without a word. */
async function connection(
  turn_id: string,
  after: number,
  enough: (seen: readonly ClientEvent[]) => boolean,
  query = "",
): Promise<ClientEvent[]> {
  const drop = new AbortController();
  const headers = { authorization: `Bearer ${house.key}`, "last-event-id": String(after) };
  const { signal } = drop;
  const response = await fetch(`${house.url}/v1/turns/${turn_id}/events${query}`, {
    headers,
    signal,
  });
  const parser = createSseParser();
  const seen: ClientEvent[] = [];
  for await (const bytes of response.body!) {
    for (const { data } of parser.push(bytes)) seen.push(JSON.parse(data) as ClientEvent);
    if (enough(seen)) break;
  }
  drop.abort();
  return seen;
}

const numbers = (events: readonly ClientEvent[]): number[] =>
  events.filter(isJournalEvent).map((event) => event.seq);

test("a stream that was open all the time saw the same as the journal holds", async () => {
  house = await openHouse({
    script: [calls("list_files", {}), { text: "one two three", chunk_size: 3 }],
  });
  const asked = await house.client.turns.create({ message: "go" });
  const seen = await connection(asked.id, 0, (events) => events.at(-1)?.type === "settled");
  expect(numbers(seen)).toEqual(numbers(await house.journal(asked.id)));
  const deltas = seen.filter((event) => event.type === "delta");
  expect(deltas.map((event) => event.text).join("")).toBe("one two three");
});

test("a dropped stream detaches; with on_disconnect cancel it ends the turn (J6)", async () => {
  const held = new Promise<void>(() => {});
  house = await openHouse({ script: () => ({ text: "never", gate: held }) });
  const detached = await house.client.turns.create({ message: "go" });
  const cancelled = await house.client.turns.create({ message: "go", on_disconnect: "cancel" });
  await house.model.waitForRequest(2);
  for (const { id } of [detached, cancelled])
    await connection(id, 0, (events) => events.some((event) => event.type === "attempt_started"));
  // Who looks on does not keep it alive, should the drop be noticed after that.
  await house.until(cancelled.id, (event) => event.type === "settled", { watch: true });
  expect(await house.client.turns.get(cancelled.id)).toMatchObject({ state: "cancelled" });
  expect(await house.client.turns.get(detached.id)).toMatchObject({ state: "running" });
});

test("a turn that shall end with its client outlives who only looks on, and all but its last stream", async () => {
  const held = new Promise<void>(() => {});
  house = await openHouse({ script: () => ({ text: "never", gate: held }) });
  const { id } = await house.client.turns.create({ message: "go", on_disconnect: "cancel" });
  await house.model.waitForRequest(1);
  const running = (events: readonly ClientEvent[]) =>
    events.some((event) => event.type === "attempt_started");
  const leave = new AbortController();
  const asking = house.client.events(id, { signal: leave.signal })[Symbol.asyncIterator]();
  await asking.next();
  await connection(id, 0, running, "?watch=1");
  await connection(id, 0, running);
  await house.client.events(id, { watch: true })[Symbol.asyncIterator]().next();
  // A request that is answered after the streams were dropped shows that nothing came of it.
  expect(await house.client.turns.get(id)).toMatchObject({ state: "running" });
  const end = house.until(id, (event) => event.type === "settled", { watch: true });
  leave.abort();
  await asking.next();
  expect(await end).toMatchObject({ state: "cancelled" });
});

test("a client that has seen the end is not kept waiting for more", async () => {
  house = await openHouse({ script: [says("Done.")] });
  const { id, last_event } = await house.ask("go");
  for (const after of [last_event, last_event - 1])
    expect(numbers(await connection(id, after, () => false))).toHaveLength(last_event - after);
  const beyond = await connection(id, last_event + 7, () => false);
  expect(numbers(beyond)).toHaveLength(last_event);
});

test("who waits again after a consent is told so", async () => {
  const held = Promise.withResolvers<void>();
  house = await openHouse({
    script: (_, n) =>
      n === 1 ? calls("shell", { command: "touch x" }) : { text: "ok", gate: held.promise },
    overrides: { limits: { running_turns: 1 } },
  });
  const first = await house.ask("one");
  const events = house.client.events(first.id)[Symbol.asyncIterator]();
  const next = async (type: ClientEvent["type"]): Promise<void> => {
    for (let news = await events.next(); news.value?.type !== type; news = await events.next())
      if (news.done) throw new Error(`the turn ended without ${type}`);
  };
  await next("approval_requested");
  await house.client.turns.create({ message: "two" });
  await house.model.waitForRequest(2);
  await house.client.approvals.decide(first.approvals[0]!, "approve");
  await next("approval_decided");
  await next("queue");
  held.resolve();
  await next("settled");
});

test("who waits is told where they stand and why", async () => {
  const held = Promise.withResolvers<void>();
  house = await openHouse({ script: () => ({ text: "ok", gate: held.promise }) });
  const first = await house.client.turns.create({ message: "one" });
  await house.model.waitForRequest(1);
  const second = await house.client.turns.create({ message: "two", session_id: first.session_id });
  expect(second).toMatchObject({
    state: "queued",
    queue: { position: 1, reason: expect.stringContaining("earlier turn of this session") },
  });
  expect(second.queue!.eta_s).not.toBeNull();
  expect(second.queue!.no_later_than_s!).toBeGreaterThanOrEqual(second.queue!.eta_s!);
  const news = await house.until(second.id, (event) => event.type === "queue");
  expect(news).toMatchObject({ place: { position: 1 } });
  held.resolve();
  await house.until(second.id, (event) => event.type === "settled");
});
