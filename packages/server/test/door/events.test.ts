import { expect, test } from "vitest";
import { eventRoute } from "../../src/door/routes/events.ts";
import { Stopping } from "../../src/kernel/errors.ts";
import { createLive } from "../../src/turn/live.ts";
import { handClock } from "./hand-clock.ts";

/** The route over a running turn with `on_disconnect: "cancel"`, and who cancelled it. */
function running() {
  const cancelled: string[] = [];
  const accepted = { type: "accepted", on_disconnect: "cancel", seq: 1, at: 0 } as never;
  const route = eventRoute({
    store: { onStatus: () => () => {} },
    journal: { read: () => Promise.resolve([accepted]), subscribe: () => () => true },
    live: createLive(),
    admission: { place: () => Promise.resolve(null) },
    clock: handClock().clock,
    reader: { own: () => Promise.resolve() },
    dispatch: { cancel: async (_, by) => void cancelled.push(by) },
  });

  /** Opens a stream; the call that it returns drops it and resolves when all came to rest. */
  async function open(query: { watch?: "1" } = {}) {
    const client = new AbortController();
    const connection = { signal: client.signal, authorized: async () => true, cut: () => {} };
    const exchange = { person: {} as never, body: undefined, headers: {}, connection };
    await route.handle({ ...exchange, params: { id: "turn_1" }, query });
    return async (reason?: Error) => {
      client.abort(reason);
      await new Promise(setImmediate);
    };
  }
  return { open, cancelled };
}

test("of several streams the last that leaves cancels, once", async () => {
  const { open, cancelled } = running();
  const [first, second] = [await open(), await open()];
  await first();
  expect(cancelled).toEqual([]);
  const third = await open();
  await second();
  expect(cancelled).toEqual([]);
  await third();
  expect(cancelled).toEqual(["a dropped connection"]);
});

test("who only watches neither cancels nor keeps the turn", async () => {
  const { open, cancelled } = running();
  const watching = await open({ watch: "1" });
  const gone = await open({ watch: "1" });
  const asking = await open();
  await gone();
  expect(cancelled).toEqual([]);
  await asking();
  expect(cancelled).toEqual(["a dropped connection"]);
  await watching();
  expect(cancelled).toHaveLength(1);
});

test("the server's stop is nobody's leaving", async () => {
  const { open, cancelled } = running();
  await (
    await open()
  )(new Stopping());
  expect(cancelled).toEqual([]);
});
