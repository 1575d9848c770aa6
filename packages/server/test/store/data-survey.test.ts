import { join } from "node:path";
import { StatementSync } from "node:sqlite";
import { afterEach, expect, test, vi } from "vitest";
import { systemClock } from "@mainstay/sdk/clock";
import { surveyData } from "../../src/store/data-survey.ts";
import { createJournal } from "../../src/store/journal.ts";
import { openWriter } from "../../src/store/sqlite-connection.ts";
import { accepted } from "./journal-walk.ts";
import { populate } from "./population.ts";
import { sqlitePlace } from "./sqlite-place.ts";

afterEach(() => vi.restoreAllMocks());

test("a survey holds no snapshot between two turns: a server can cut its log meanwhile", async () => {
  const place = await sqlitePlace();
  const store = await place.open();
  await populate(store, 3);
  const journal = createJournal(store, systemClock);
  const events = ["t1", "t2", "t3"].map((turn_id) => ({ turn_id, body: accepted }));
  await journal.commit({ writes: [] }, events);
  const file = join(place.home, "mainstay.db");
  const server = openWriter(file);
  server.exec("pragma busy_timeout = 0");
  const cuts: unknown[] = [];
  const all = StatementSync.prototype.all;
  vi.spyOn(StatementSync.prototype, "all").mockImplementation(function (
    this: StatementSync,
    ...values
  ) {
    const rows = all.apply(this, values);
    // Something newer than any snapshot: a log that was read to its end could be cut under it.
    server.exec("update server_run set incarnation = incarnation");
    cuts.push(server.prepare("pragma wal_checkpoint(truncate)").get()?.["busy"]);
    return rows;
  });
  expect(surveyData(file, join(place.home, "mainstay.head"))).toMatchObject({
    turns: 3,
    open_turns: 3,
    damaged_turns: [],
    faults: [],
  });
  expect(cuts.length).toBeGreaterThan(3);
  expect(new Set(cuts)).toEqual(new Set([0]));
  server.close();
  await store.close();
  await place.remove();
});
