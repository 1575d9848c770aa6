import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { Clock } from "@mainstay/sdk/clock";
import type { JournalBody } from "@mainstay/sdk/events";
import { isSettled } from "@mainstay/sdk/turn";
import { sql } from "kysely";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createRetention, type Retention } from "../../src/memory/retention.ts";
import { JournalCorrupt } from "../../src/store/journal-corrupt.ts";
import { createJournal, type Journal } from "../../src/store/journal.ts";
import type { Store } from "../../src/store/store.ts";
import { foldTurn } from "../../src/store/turn-record.ts";
import { settleTurn } from "../../src/store/turn-writes.ts";
import { createLog } from "../../src/telemetry/log.ts";
import {
  accepted,
  attempt,
  settled,
  started,
  stepEnded,
  toolEnded,
} from "../store/journal-walk.ts";
import { populate } from "../store/population.ts";
import { sqlitePlace } from "../store/sqlite-place.ts";

const DAY_MS = 86_400_000;
const MB = 1_048_576;
const PLENTY = 1_000 * MB;
const TURNS = 60;

/** Time by hand; its pauses take no time, and `rests` resolves when the next look is armed. */
function patientClock() {
  let now = 0;
  let rest = Promise.withResolvers<void>();
  let next = () => {};
  let pauses = 0;
  let atPause = () => {};
  const clock: Clock = {
    now: () => now,
    monotonic: () => now,
    after(_, run) {
      next = run;
      rest.resolve();
      return () => {
        next = () => {};
      };
    },
    sleep: async () => {
      pauses += 1;
      atPause();
    },
  };
  return {
    clock,
    pauses: () => pauses,
    onPause: (run: () => void) => (atPause = run),
    to: (at: number) => (now = at),
    rests: () => rest.promise,
    async looksAgain() {
      rest = Promise.withResolvers();
      next();
      await rest.promise;
    },
  };
}

let place: Awaited<ReturnType<typeof sqlitePlace>>;
let store: Store;
let journal: Journal;
let time: ReturnType<typeof patientClock>;
let retention: Retention | null;

beforeEach(async () => {
  time = patientClock();
  place = await sqlitePlace();
  store = await place.open();
  journal = createJournal(store, time.clock);
  retention = null;
  await populate(store, TURNS);
  // Turn n settles on day n; the last ten are open.
  await Promise.all(upTo(TURNS).map((n) => write(n, n <= TURNS - 10)));
});
afterEach(async () => {
  await retention?.stop();
  await store.close();
  await place.remove();
});

async function write(n: number, ends: boolean): Promise<void> {
  const at = time.to(n * DAY_MS);
  const turn_id = `t${n}`;
  const bodies: JournalBody[] = [
    ...[accepted, started, attempt(1, 1), stepEnded(1, "", "c")],
    { ...toolEnded(1, "c", "ok"), result: "r".repeat(20_000) } as JournalBody,
    ...(ends ? [settled("done")] : []),
  ];
  const writes = ends ? [settleTurn(store, turn_id, "done", at)] : [];
  await journal.commit(
    { writes },
    bodies.map((body) => ({ turn_id, body })),
  );
}

async function begin(journal_days: number, journal_bytes: number): Promise<Retention> {
  const settings = { journal_days, journal_bytes };
  const log = createLog("silent");
  retention = createRetention({ store, journal, clock: time.clock, log, settings });
  await retention.start();
  await time.rests();
  return retention;
}

/** Numbers of the turns that are folded, and a look at each that it is still the turn it was. */
async function foldedTurns(): Promise<number[]> {
  const numbers: number[] = [];
  for (let n = 1; n <= TURNS; n++) {
    const events = await journal.read(`t${n}`);
    const record = foldTurn(events);
    expect(record.last_event).toBe(n <= TURNS - 10 ? 6 : 5);
    expect(isSettled(record.state)).toBe(n <= TURNS - 10);
    if (events.some(({ type }) => type === "folded")) numbers.push(n);
  }
  return numbers;
}

const upTo = (n: number) => Array.from({ length: n }, (_, i) => i + 1);

async function usedBytes(): Promise<number> {
  const [pages] = await store.query({
    compile: () =>
      sql<{ used: number }>`select (page_count - freelist_count) * 4096 as used
        from pragma_page_count(), pragma_freelist_count()`.compile(store.sql),
  });
  return pages!.used;
}

test("what settled more than its days ago folds, day by day; the rest stays whole", async () => {
  time.to(40 * DAY_MS);
  await begin(30, PLENTY);
  expect(await foldedTurns()).toEqual(upTo(9));
  time.to(45 * DAY_MS + 1);
  await time.looksAgain();
  expect(await foldedTurns()).toEqual(upTo(15));
});

test("turns fold in slices with pauses between, and open ones never do", async () => {
  time.to(1_000 * DAY_MS);
  await begin(30, PLENTY);
  expect(await foldedTurns()).toEqual(upTo(50));
  expect(time.pauses()).toBeGreaterThanOrEqual(3);
});

test("above the bytes the oldest fold before their days, until it is enough", async () => {
  time.to(TURNS * DAY_MS + 1);
  const before = await usedBytes();
  const keeper = await begin(36_500, before - 0.3 * MB);
  const folded = await foldedTurns();
  expect(folded).toEqual(upTo(folded.length));
  expect(folded.length).toBeGreaterThan(10);
  expect(folded.length).toBeLessThan(50);
  expect(await usedBytes()).toBeLessThanOrEqual(before - 0.3 * MB);
  expect(keeper.refusal()).toBeNull();
});

test("where folding is not enough new turns are refused", async () => {
  time.to(TURNS * DAY_MS + 1);
  const keeper = await begin(36_500, 1);
  expect(await foldedTurns()).toEqual(upTo(50));
  expect(keeper.refusal()).toMatchObject({ code: "journal_full" });
});

test("the bytes are known from the first slice on, however much there is to fold", async () => {
  time.to(1_000 * DAY_MS);
  const used: number[] = [];
  time.onPause(() => used.push(retention!.usage().used_bytes));
  await begin(30, PLENTY);
  expect(used.length).toBeGreaterThanOrEqual(3);
  for (const [i, bytes] of used.entries()) expect(bytes).toBeLessThan(used[i - 1] ?? Infinity);
  expect(used.at(-1)).toBeGreaterThan(await usedBytes());
});

test("what is too much stays refused while a turn more folds, until it is no longer too much", async () => {
  time.to(TURNS * DAY_MS + 1);
  const keeper = await begin(36_500, 1);
  expect(keeper.refusal()).toMatchObject({ code: "journal_full" });
  const settle = [settleTurn(store, "t60", "done", 0)];
  await journal.commit({ writes: settle }, [{ turn_id: "t60", body: settled("done") }]);
  const refused: (string | undefined)[] = [];
  time.onPause(() => refused.push(keeper.refusal()?.code));
  await time.looksAgain();
  expect(refused).toEqual(["journal_full"]);
  expect(keeper.refusal()).not.toBeNull();
});

test("a damaged journal is not touched, and holds up nobody", async () => {
  const db = new DatabaseSync(join(place.home, "mainstay.db"));
  db.exec("update journal set at = 1 where turn_id = 't2' and seq = 3");
  db.close();
  time.to(40 * DAY_MS);
  await begin(30, PLENTY);
  await expect(journal.read("t2")).rejects.toThrow(JournalCorrupt);
  const rows = store.sql.selectFrom("journal").select("seq").where("turn_id", "=", "t2");
  expect(await store.query(rows)).toHaveLength(6);
  const whole = store.sql.selectFrom("turn").select("id").where("folded_at", "is", null);
  expect(await store.query(whole)).toHaveLength(TURNS - 9);
});

test("it stops in a pause, and another goes on from there", async () => {
  time.to(1_000 * DAY_MS);
  const paused = Promise.withResolvers<void>();
  const clock: Clock = {
    ...time.clock,
    sleep: (_, signal) =>
      new Promise((_resolve, reject) => {
        signal!.addEventListener("abort", () => reject(signal!.reason));
        paused.resolve();
      }),
  };
  const settings = { journal_days: 30, journal_bytes: PLENTY };
  const first = createRetention({ store, journal, clock, log: createLog("silent"), settings });
  await first.start();
  await paused.promise;
  await first.stop();
  expect((await foldedTurns()).length).toBe(16);
  await begin(30, PLENTY);
  expect(await foldedTurns()).toEqual(upTo(50));
});
