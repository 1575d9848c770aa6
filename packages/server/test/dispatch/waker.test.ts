import { systemClock } from "@mainstay/sdk/clock";
import type { JournalBody } from "@mainstay/sdk/events";
import { expect, onTestFinished, test } from "vitest";
import { createWaker } from "../../src/dispatch/waker.ts";
import type { Pause, PauseListener } from "../../src/kernel/pause.ts";
import { createJournal, type Journal } from "../../src/store/journal.ts";
import { createLog } from "../../src/telemetry/log.ts";
import { accepted, started } from "../store/journal-walk.ts";
import { populate } from "../store/population.ts";
import { sqlitePlace } from "../store/sqlite-place.ts";

const TURNS = 300;
const pause = { scope: "person", by: "owner", reason: null } as const;
const parked: JournalBody = {
  ...{ type: "parked", answer: "Paused.", cause: "paused" },
  pause: { ...pause, since: "2026-11-22T21:40:00.000Z" },
};

/** A waker over so many queued turns of one person, whose work is paused; and how often it reads which. */
async function openWaker() {
  const place = await sqlitePlace();
  const store = await place.open();
  onTestFinished(async () => {
    await store.close();
    await place.remove();
  });
  await populate(store, TURNS);
  const whole = createJournal(store, systemClock);
  const pages: (readonly string[])[] = [];
  const journal: Journal = {
    ...whole,
    readMany(ids) {
      pages.push(ids);
      return whole.readMany(ids);
    },
  };
  let held: Pause | null = { ...pause, since: 0, ends_running: false };
  let tell: PauseListener = () => undefined;
  const waker = createWaker({
    ...{ store, journal, clock: systemClock, log: createLog("silent") },
    pauses: {
      commands: () => null,
      person: () => held,
      provider: () => null,
      liftedBy: () => "owner",
      onChange(listener) {
        tell = listener;
        return () => undefined;
      },
    },
  });
  /** As a seat does it. */
  const park = (turn_id: string) =>
    journal.commit(
      { writes: [setParked(turn_id)] },
      [accepted, started, parked].map((body) => ({ turn_id, body })),
    );
  const setParked = (turn_id: string) =>
    store.sql.updateTable("turn").set({ state: "parked" }).where("id", "=", turn_id).compile();
  const woken = (count: number) =>
    new Promise<void>((resolve) => {
      journal.subscribe((_, { type }) => {
        if (type === "retried" && --count === 0) resolve();
      });
    });
  return {
    ...{ waker, park, woken, pages },
    set: () => tell("set"),
    lift() {
      held = null;
      tell("lifted");
    },
  };
}

const ids = Array.from({ length: TURNS }, (_, i) => `t${i + 1}`);

test("of turns that park one after another each is looked at once; of a pause that is set none is", async () => {
  const { waker, park, pages, set } = await openWaker();
  const few = ids.slice(0, 30);
  waker.start();
  for (const id of few) await park(id);
  set();
  await waker.stop();
  expect(pages.flat().length).toBeLessThanOrEqual(few.length);
});

test("a lift looks through all that are parked, page by page, and wakes each", async () => {
  const { waker, park, pages, lift, woken } = await openWaker();
  await Promise.all(ids.map(park));
  const all = woken(TURNS);
  waker.start();
  lift();
  await all;
  await waker.stop();
  expect(Math.max(...pages.map((page) => page.length))).toBeLessThanOrEqual(128);
  expect(new Set(pages.flat()).size).toBe(TURNS);
});

test("a turn that parks when its pause is lifted already is woken", async () => {
  const { waker, park, lift, woken } = await openWaker();
  const one = woken(1);
  waker.start();
  lift();
  await park("t7");
  await one;
  await waker.stop();
});
