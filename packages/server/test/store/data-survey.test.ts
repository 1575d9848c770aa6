import { join } from "node:path";
import { DatabaseSync, StatementSync } from "node:sqlite";
import { systemClock } from "@mainstay/sdk/clock";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { surveyData } from "../../src/store/data-survey.ts";
import { createJournal } from "../../src/store/journal.ts";
import { accepted, started } from "./journal-walk.ts";
import { populate } from "./population.ts";
import { sqlitePlace } from "./sqlite-place.ts";

const TURNS = 5;

let place: Awaited<ReturnType<typeof sqlitePlace>>;
let file: string;

beforeEach(async () => {
  place = await sqlitePlace();
  file = join(place.home, "mainstay.db");
  const store = await place.open();
  const journal = createJournal(store, systemClock);
  await populate(store, TURNS);
  for (let n = 1; n <= TURNS; n++)
    for (const body of [accepted, started])
      await journal.commit({ writes: [] }, [{ turn_id: `t${n}`, body }]);
  await store.close();
});
afterEach(async () => {
  vi.restoreAllMocks();
  await place.remove();
});

test("a survey counts the turns and names those whose journal is damaged", () => {
  const db = new DatabaseSync(file);
  db.exec("update journal set at = 1 where turn_id = 't2' and seq = 2");
  db.close();
  expect(surveyData(file)).toMatchObject({
    turns: TURNS,
    open_turns: TURNS,
    damaged_turns: ["t2"],
    faults: [],
  });
});

test("a server writes and cuts its log while its data is surveyed", () => {
  const server = new DatabaseSync(file, { timeout: 0 });
  const cuts: unknown[] = [];
  const { all } = StatementSync.prototype;
  vi.spyOn(StatementSync.prototype, "all").mockImplementation(function (
    this: StatementSync,
    ...to
  ) {
    const rows = all.apply(this, to);
    server.exec("update person set name = name");
    cuts.push(server.prepare("pragma wal_checkpoint(truncate)").get()?.["busy"]);
    return rows;
  });
  try {
    expect(surveyData(file)).toMatchObject({ turns: TURNS, damaged_turns: [], faults: [] });
    expect(cuts.length).toBeGreaterThan(TURNS);
    expect(cuts.filter((busy) => busy !== 0)).toEqual([]);
  } finally {
    server.close();
  }
});
