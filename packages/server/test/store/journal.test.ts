import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { systemClock } from "@mainstay/sdk/clock";
import type { JournalEvent } from "@mainstay/sdk/events";
import { afterEach, beforeEach, expect, test } from "vitest";
import { journalChecksum } from "../../src/store/journal-checksum.ts";
import { createJournal, type Journal } from "../../src/store/journal.ts";
import { JournalCorrupt } from "../../src/store/journal-corrupt.ts";
import type { Store } from "../../src/store/store.ts";
import { foldTurn } from "../../src/store/turn-record.ts";
import { stateGuard } from "../../src/store/turn-writes.ts";
import { accepted, attempt, started, stepEnded } from "./journal-walk.ts";
import { populate } from "./population.ts";
import { sqlitePlace } from "./sqlite-place.ts";

let place: Awaited<ReturnType<typeof sqlitePlace>>;
let store: Store;
let journal: Journal;

beforeEach(async () => {
  place = await sqlitePlace();
  store = await place.open();
  journal = createJournal(store, systemClock);
  await populate(store, 2);
  for (const turn_id of ["t1", "t2"]) {
    const bodies = [accepted, started, attempt(1, 1), stepEnded(1, "hello")];
    for (const body of bodies) await journal.commit({ writes: [] }, [{ turn_id, body }]);
  }
});
afterEach(async () => {
  await store.close();
  await place.remove();
});

function spoil(sql: string): void {
  const db = new DatabaseSync(join(place.home, "mainstay.db"));
  db.exec(`pragma foreign_keys = off; ${sql}`);
  db.close();
}

const spoils = [
  ["another body", "update journal set body = replace(body, 'tidy', 'tide')", 1, 0],
  ["another time", "update journal set at = at + 1", 2, 1],
  ["another type", "update journal set type = 'resumed'", 2, 1],
  ["another checksum", "update journal set checksum = checksum + 1", 3, 2],
  ["a lost row", "delete from journal", 2, 1],
  ["a lost end", "delete from journal", 4, 3],
  ["a row of another turn", "update journal set turn_id = 't9'", 4, 3],
  ["another number", "update journal set seq = 9", 4, 3],
] as const;

test.each(spoils)("%s is not told, and the turn beside it is", async (_, sql, seq, intact) => {
  const before = await journal.read("t2");
  spoil(`${sql} where turn_id = 't1' and seq = ${seq}`);
  const fault = await journal.read("t1").catch((caught: unknown) => caught);
  expect(fault).toBeInstanceOf(JournalCorrupt);
  expect(fault).toMatchObject({ message: expect.stringContaining("the journal of t1 is damaged") });
  expect((fault as JournalCorrupt).intact.length).toBe(intact);
  const readings = await journal.readMany(["t1", "t2"]);
  expect(readings.get("t1")).toBeInstanceOf(JournalCorrupt);
  expect(readings.get("t2")).toEqual(before);
});

test.each(['{"type":"sta', '{"type":"started"}'])(
  "a row whose checksum fits and which is no event (%s) is damage like any other",
  async (body) => {
    const { at } = (await journal.read("t1"))[1]!;
    const checksum = journalChecksum("t1", at, "started", body);
    spoil(
      `update journal set body = '${body}', checksum = ${checksum} where turn_id = 't1' and seq = 2`,
    );
    const reading = (await journal.readMany(["t1"])).get("t1");
    expect(reading).toBeInstanceOf(JournalCorrupt);
    expect((reading as JournalCorrupt).intact.length).toBe(1);
  },
);

test("a turn that forgot its last number, or has a later one, is not told either", async () => {
  for (const last_event of [0, 3, 5]) {
    spoil(`update turn set last_event = ${last_event} where id = 't1'`);
    await expect(journal.read("t1")).rejects.toThrow(JournalCorrupt);
  }
});

test("what comes after a number is told without what was before it", async () => {
  const all = await journal.read("t1");
  for (let after = 0; after <= 4; after++)
    expect(await journal.read("t1", after)).toEqual(all.slice(after));
  expect(await journal.read("t1", 9)).toEqual([]);
  expect(await journal.read("no such turn")).toEqual([]);
});

test("a damaged open turn ends as failed after what is intact, and its rows stay", async () => {
  const heard: JournalEvent[] = [];
  journal.subscribe((_, event) => heard.push(event));
  spoil("update journal set at = 1 where turn_id = 't1' and seq = 3");
  const moved = { guards: [stateGuard(store, "t1", "parked")], writes: [] };
  expect(await journal.endDamaged("t1", moved)).toBe(false);
  expect(await journal.endDamaged("t1", { writes: [] })).toBe(true);

  const events = await journal.read("t1");
  expect(events.map(({ type }) => type)).toEqual(["accepted", "started", "settled"]);
  expect(heard).toEqual([events[2]]);
  expect(foldTurn(events)).toMatchObject({
    state: "failed",
    error: { code: "journal_damaged" },
    last_event: 3,
  });
  expect(await journal.read("t1", 2)).toEqual([events[2]]);
  expect(await journal.read("t1", 3)).toEqual([]);
  const rows = store.sql.selectFrom("journal").select("seq").where("turn_id", "=", "t1");
  expect(await store.query(rows)).toHaveLength(4);
});

test("where not even the request is intact, nothing is told for ever", async () => {
  spoil("update journal set at = 1 where turn_id = 't1' and seq = 1");
  await journal.endDamaged("t1", { writes: [] });
  expect(() => foldTurn([])).toThrow(JournalCorrupt);
  const [end, ...more] = await journal.read("t1");
  expect([end?.type, more.length]).toEqual(["settled", 0]);
  expect(() => foldTurn([end!])).toThrow(JournalCorrupt);
});
