import { systemClock } from "@mainstay/sdk/clock";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createKeptState, type Kept } from "../../src/providers/kept-state.ts";
import type { Batch, Store, StoreStatus } from "../../src/store/store.ts";
import type { Log } from "../../src/telemetry/log.ts";
import { sqlitePlace } from "../store/sqlite-place.ts";

let place: Awaited<ReturnType<typeof sqlitePlace>>;
let store: Store;
let warned: string[];

const ignore = () => undefined;
const log: Log = { info: ignore, error: ignore, warn: (_, message) => void warned.push(message) };
const parts = (over: Partial<Store> = {}) => ({
  store: { ...store, ...over },
  clock: systemClock,
  log,
});

const open: Kept = {
  kind: "breaker",
  key: "groq/llama#abc",
  state: { state: "open", cause: "stalled", times: 2 },
};
const closed: Kept = { kind: "breaker", key: open.key, state: { state: "closed" } };
const retired: Kept = {
  kind: "credential",
  key: "groq#abc",
  state: { state: "retired", cause: "auth", since_at: 1, recheck_at: 600_001, times: 1 },
};
const used_up: Kept = {
  kind: "rate",
  key: "rate of groq/llama#abc",
  state: { at: 1_700_000_000_000, refusals: 1, blocked_ms: 30_000, windows: [] },
};

beforeEach(async () => {
  warned = [];
  place = await sqlitePlace();
  store = await place.open();
});

afterEach(async () => {
  await store.close();
  await place.remove();
});

test("what was kept is there after a restart, the newest of each", async () => {
  const kept = createKeptState(parts());
  for (const state of [open, retired, closed, used_up, open]) kept.keep(state);
  await kept.idle();
  kept.keep(closed);
  await kept.idle();
  await store.close();
  store = await place.open();
  expect(await createKeptState(parts()).load()).toEqual({
    breakers: new Map([[open.key, closed.state]]),
    credentials: new Map([[retired.key, retired.state]]),
    rates: new Map([[used_up.key, used_up.state]]),
  });
});

test("one write at most is under way, and what changes meanwhile is one more (1)", async () => {
  let under_way = 0;
  const sizes: number[] = [];
  const commit = async (batch: Batch) => {
    under_way += 1;
    expect(under_way).toBe(1);
    sizes.push(batch.writes.length);
    const result = await store.commit(batch);
    under_way -= 1;
    return result;
  };
  const kept = createKeptState(parts({ commit }));
  for (let i = 0; i < 100; i += 1) kept.keep(i % 2 === 0 ? open : closed);
  kept.keep(retired);
  await kept.idle();
  expect(sizes).toEqual([1, 2]);
  expect((await kept.load()).breakers.get(open.key)).toEqual(closed.state);
});

test("a fault of the store is logged, stops nobody, and what it took goes with the next change (2)", async () => {
  let is_broken = true;
  const commit = (batch: Batch) =>
    is_broken ? Promise.reject(new Error("disk full")) : store.commit(batch);
  const kept = createKeptState(parts({ commit }));
  kept.keep(open);
  await kept.idle();
  expect(warned).toEqual(["how providers stand could not be kept"]);
  expect((await kept.load()).breakers.size).toBe(0);
  is_broken = false;
  kept.keep(retired);
  await kept.idle();
  const { breakers, credentials } = await kept.load();
  expect([breakers.get(open.key), credentials.get(retired.key)]).toEqual([
    open.state,
    retired.state,
  ]);
});

test("what a fault of the store took goes when it takes writes again, also where nothing changes (2)", async () => {
  let tellStatus: (status: StoreStatus) => void = ignore;
  let is_broken = true;
  const kept = createKeptState(
    parts({
      commit: (batch) => (is_broken ? Promise.reject(new Error("io")) : store.commit(batch)),
      onStatus: (listener) => ((tellStatus = listener), ignore),
    }),
  );
  kept.keep(retired);
  await kept.idle();
  is_broken = false;
  tellStatus({ state: "writing" });
  await kept.idle();
  expect((await kept.load()).credentials.get(retired.key)).toEqual(retired.state);
});

test("what cannot be read is left out, and said", async () => {
  const rows = [
    { key: "a", kind: "breaker" as const, state: "{", at: 1 },
    {
      key: "b",
      kind: "breaker" as const,
      state: '{"state":"open","cause":"x","until_at":"soon"}',
      at: 1,
    },
    { key: "c", kind: "credential" as const, state: '{"state":"live"}', at: 1 },
  ];
  await store.commit({
    writes: rows.map((row) => store.sql.insertInto("provider_state").values(row).compile()),
  });
  const { breakers, credentials } = await createKeptState(parts()).load();
  expect([breakers.size, [...credentials.keys()]]).toEqual([0, ["c"]]);
  expect(warned).toHaveLength(2);
});
