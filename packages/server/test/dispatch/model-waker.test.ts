import type { JournalBody } from "@mainstay/sdk/events";
import type { ProviderStatus } from "@mainstay/sdk/providers";
import { expect, onTestFinished, test } from "vitest";
import { createModelWaker } from "../../src/dispatch/model-waker.ts";
import type { Availability, ModelBoard } from "../../src/kernel/model-board.ts";
import type { Pause, PauseListener } from "../../src/kernel/pause.ts";
import { createJournal, type Journal } from "../../src/store/journal.ts";
import type { Statement } from "../../src/store/store.ts";
import { createLog } from "../../src/telemetry/log.ts";
import { handClock } from "../door/hand-clock.ts";
import { accepted, parked, started } from "../store/journal-walk.ts";
import { AT, newSession, newTurn, populate } from "../store/population.ts";
import { sqlitePlace } from "../store/sqlite-place.ts";

const TURNS = 40;
const AT_MOST = 16;
const resumed: JournalBody = { type: "resumed", fence: 2, cause: "told", after: "retry" };
const ended: JournalBody = {
  ...{ type: "step_ended", step: 1, attempt: 1, text: "Hi.", tool_calls: [], finish: "stop" },
  ...{ provider: "groq", model: "llama", mode: "full" },
  usage: { input_tokens: 1, output_tokens: 1 },
};
const attempt: JournalBody = {
  ...{
    type: "attempt_started",
    step: 1,
    attempt: 1,
    provider: "groq",
    model: "llama",
    why: "first",
  },
};

const settled: JournalBody = {
  ...{ type: "settled", state: "done", answer: "Hi.", mode: "full", provider: "groq" },
  ...{ model: "llama", usage: { input_tokens: 1, output_tokens: 1 }, error: null },
};

/** Models that stand as they are told, by hand. */
function someModels(first: Availability) {
  let now = first;
  const listeners = new Set<() => void>();
  const status: ProviderStatus = {
    ...{ id: "groq", type: "groq", source: "test", pause: null },
    models: [
      {
        ...{ model: "llama", credential: "none", state: "half_open", cause: null, until: null },
        ...{ answered: 0, failed: 0, first_token_ms: null },
      },
    ],
  };
  const board: ModelBoard = {
    status: () => [status],
    available: () => now,
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
  function turn(next: Availability): void {
    now = next;
  }
  function become(next: Availability): void {
    turn(next);
    for (const listener of listeners) listener();
  }
  return { board, become, turn };
}

/** Wakers over turns `t1` to `t40`, a session each, that have yet to park; time passes by hand. */
async function openHall({ available = "none" as Availability, wakers: count = 1 } = {}) {
  const place = await sqlitePlace();
  const store = await place.open();
  onTestFinished(async () => {
    await store.close();
    await place.remove();
  });
  await populate(store, TURNS);
  await store.commit({ writes: ids.flatMap((id) => [newSession(store, id), setSession(id)]) });
  const { clock, pass } = handClock();
  const whole = createJournal(store, clock);
  let seen = Promise.withResolvers<void>();
  const journal: Journal = {
    ...whole,
    async readMany(turn_ids) {
      const journals = await whole.readMany(turn_ids);
      // Behind it whoever looked decides, before anything else is waited for.
      setImmediate(seen.resolve);
      return journals;
    },
    commit(batch, events) {
      if (events.some(({ body }) => body.type === "retried")) tries.push(events[0]!.turn_id);
      return whole.commit(batch, events);
    },
  };
  const tries: string[] = [];
  const models = someModels(available);
  let held: Pause | null = null;
  let tell: PauseListener = () => undefined;
  const looked = Promise.withResolvers<void>();
  const pauses = {
    person() {
      looked.resolve();
      return held;
    },
    onChange(listener: PauseListener) {
      tell = listener;
      return () => undefined;
    },
  };
  const parts = { store, journal, clock, pauses, models: models.board, log: createLog("silent") };
  const limits = { waking_turns: AT_MOST };
  const wakers = Array.from({ length: count }, () => createModelWaker({ ...parts, limits }));
  onTestFinished(async () => void (await Promise.all(wakers.map((waker) => waker.stop()))));

  const woken: string[] = [];
  let arrived = Promise.withResolvers<void>();
  journal.subscribe((turn_id, event) => {
    if (event.type !== "retried") return;
    expect(event).toMatchObject({ by: "groq can be asked again", after: "recovery" });
    woken.push(turn_id);
    arrived.resolve();
    arrived = Promise.withResolvers();
  });

  function setSession(id: string): Statement {
    return store.sql.updateTable("turn").set({ session_id: id }).where("id", "=", id).compile();
  }
  async function write(turn_id: string, bodies: JournalBody[], row: object = {}): Promise<void> {
    const set = store.sql.updateTable("turn").set({ urgency: "interactive", ...row });
    const writes = [set.where("id", "=", turn_id).compile()];
    await journal.commit(
      { writes },
      bodies.map((body) => ({ turn_id, body })),
    );
  }
  return {
    ...{
      store,
      wakers,
      woken,
      tries,
      looked: looked.promise,
      become: models.become,
      turn: models.turn,
      pass,
      write,
    },
    start: () => wakers.forEach((waker) => waker.start()),
    park: (id: string, more: object = {}, row: object = {}) =>
      write(id, [accepted, started, { ...parked, ...more } as JournalBody], {
        ...{ state: "parked" },
        ...row,
      }),
    settle: (id: string) => write(id, [settled], { state: "done", settled_at: AT }),
    /** It was seated and met no answer again; resolves when it has been looked at. */
    async parkAgain(id: string): Promise<void> {
      seen = Promise.withResolvers();
      await write(id, [resumed, parked], { state: "parked" });
      await seen.promise;
    },
    /** It was seated and a model answered. */
    answer: (id: string) => write(id, [resumed, attempt, ended], { state: "running" }),
    async untilWoken(least: number): Promise<void> {
      while (woken.length < least) await arrived.promise;
    },
    setPaused(pause: Pause | null) {
      held = pause;
      tell(pause === null ? "lifted" : "set");
    },
    /** No look is under way any more, and none begins. */
    rest: () => Promise.all(wakers.map((waker) => waker.stop())),
  };
}

const ids = Array.from({ length: TURNS }, (_, i) => `t${i + 1}`);

test("nobody is woken without a model; then one, and after each round of answers twice as many, up to the bound (2)", async () => {
  const hall = await openHall();
  for (const id of ids) await hall.park(id);
  hall.start();
  hall.become("reduced");
  let from = 0;
  for (const size of [1, 2, 4, 8, AT_MOST]) {
    await hall.untilWoken(from + size);
    const round = hall.woken.slice(from);
    expect(round).toHaveLength(size);
    from += size;
    if (size === AT_MOST) break;
    for (const id of round) await hall.answer(id);
    // Together, so that all of the next round are woken before one of them is answered.
    for (const id of round) await hall.settle(id);
  }
  await hall.rest();
  expect(new Set(hall.woken).size).toBe(31);
});

test("interactive turns are woken first, then the oldest", async () => {
  const hall = await openHall();
  await hall.park("t1", {}, { urgency: "batch" });
  for (const id of ["t3", "t2"]) await hall.park(id);
  hall.start();
  hall.become("full");
  for (const [i, id] of ["t2", "t3", "t1"].entries()) {
    await hall.untilWoken(i + 1);
    expect(hall.woken[i]).toBe(id);
    await hall.settle(id);
  }
});

test("one that meets no answer again is not woken before the rest is over, and others go before it", async () => {
  const hall = await openHall({ available: "full" });
  for (const id of ["t1", "t2"]) await hall.park(id);
  hall.start();
  await hall.untilWoken(1);
  await hall.parkAgain("t1");
  expect(hall.tries).toEqual(["t1"]);
  await hall.pass(9_999);
  expect(hall.tries).toEqual(["t1"]);
  await hall.pass(1);
  await hall.untilWoken(2);
  expect(hall.woken).toEqual(["t1", "t2"]);
});

test("a model that comes back is tried at once, whatever the rest", async () => {
  const hall = await openHall({ available: "full" });
  await hall.park("t1");
  hall.start();
  await hall.untilWoken(1);
  hall.become("none");
  await hall.parkAgain("t1");
  hall.become("reduced");
  await hall.untilWoken(2);
  expect(hall.woken).toEqual(["t1", "t1"]);
});

test("nobody is woken while no model can be asked, and one within a minute after, also where nobody told", async () => {
  const hall = await openHall({ available: "full" });
  for (const id of ["t1", "t2"]) await hall.park(id);
  hall.start();
  await hall.untilWoken(1);
  hall.turn("none");
  await hall.parkAgain("t1");
  await hall.pass(3_600_000);
  expect(hall.tries).toEqual(["t1"]);
  hall.turn("reduced");
  await hall.pass(60_000);
  await hall.untilWoken(2);
  expect(hall.woken).toEqual(["t1", "t2"]);
});

test("of twenty wakers one counts (3)", async () => {
  const hall = await openHall({ wakers: 20 });
  await hall.park("t1");
  hall.start();
  hall.become("full");
  await hall.untilWoken(1);
  await hall.rest();
  expect(hall.woken).toEqual(["t1"]);
});

test("a turn that a later one of its session has passed is left to its person (4)", async () => {
  const hall = await openHall();
  for (const id of ["t1", "t2"]) await hall.park(id);
  const later = newTurn(hall.store, TURNS + 1);
  const into = hall.store.sql
    .updateTable("turn")
    .set({ session_id: "t1", state: "done", settled_at: AT });
  await hall.store.commit({ writes: [later, into.where("ordinal", ">", TURNS).compile()] });
  hall.start();
  hall.become("full");
  await hall.untilWoken(1);
  await hall.settle("t2");
  await hall.rest();
  expect(hall.woken).toEqual(["t2"]);
});

test("who waits for a person or for a lift is not woken (5)", async () => {
  const hall = await openHall();
  const pause = { scope: "person", by: "owner", since: "2026-11-22T21:40:00.000Z", reason: null };
  await hall.park("t1", { waits_for: "person" });
  await hall.park("t2", { pause });
  await hall.park("t3", { waits_for: "model" });
  hall.start();
  hall.become("full");
  await hall.untilWoken(1);
  await hall.settle("t3");
  await hall.rest();
  expect(hall.woken).toEqual(["t3"]);
});

test("a person's pause holds theirs back until it is lifted", async () => {
  const hall = await openHall();
  await hall.park("t1");
  hall.setPaused({ scope: "person", by: "owner", since: 0, reason: null, ends_running: false });
  hall.start();
  hall.become("full");
  await hall.looked;
  expect(hall.woken).toEqual([]);
  hall.setPaused(null);
  await hall.untilWoken(1);
});

test("one that gets no seat does not hold the others up, nor one that works on and on", async () => {
  const hall = await openHall();
  for (const id of ["t1", "t2", "t3"]) await hall.park(id);
  hall.start();
  hall.become("full");
  await hall.untilWoken(1);
  await hall.pass(10_000);
  await hall.untilWoken(2);
  await hall.write("t2", [resumed], { state: "running" });
  await hall.pass(59_000);
  expect(hall.woken).toEqual(["t1", "t2"]);
  await hall.pass(1_000);
  await hall.untilWoken(3);
});
