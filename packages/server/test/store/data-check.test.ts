import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, expect, test } from "vitest";
import { DataDamaged } from "../../src/store/data-damaged.ts";
import { populate } from "./population.ts";
import { sqlitePlace } from "./sqlite-place.ts";

let place: Awaited<ReturnType<typeof sqlitePlace>>;

beforeEach(async () => {
  place = await sqlitePlace();
  const store = await place.open();
  await populate(store, 2);
  await store.close();
});
afterEach(() => place.remove());

/** Changes bytes of the file behind SQLite's back: at the `nth` place of a text, or wherever it stands. */
async function overwrite(text: string, by: string, nth?: number): Promise<void> {
  const path = join(place.home, "mainstay.db");
  const bytes = await readFile(path);
  const places: number[] = [];
  for (let at = bytes.indexOf(text); at !== -1; at = bytes.indexOf(text, at + 1)) places.push(at);
  const chosen = nth === undefined ? places : places.slice(nth, nth + 1);
  expect(chosen).not.toEqual([]);
  for (const at of chosen) bytes.write(by, at);
  await writeFile(path, bytes);
}

test("data that nobody spoiled opens", async () => {
  await (await place.open()).close();
});

test.each([0, 1])(
  "a changed row, or its copy in an index, is refused at the start",
  async (nth) => {
    await overwrite("/srv/project", "/srv/progect", nth);
    const fault = await place.open().catch((caught: unknown) => caught);
    expect(fault).toBeInstanceOf(DataDamaged);
    expect(String(fault)).toMatch(/mainstay.db is damaged .*workspace.*Restore a backup/u);
  },
);

test("a row that refers to nothing is refused", async () => {
  const db = new DatabaseSync(join(place.home, "mainstay.db"));
  db.exec("pragma foreign_keys = off; update turn set session_id = 'nowhere' where id = 't1'");
  db.close();
  await expect(place.open()).rejects.toThrow("turn refers to a session that is not there");
});

test("what a backup program or an operator added is nobody's fault", async () => {
  const db = new DatabaseSync(join(place.home, "mainstay.db"));
  db.exec("create table _litestream_seq (id integer); create index ours on turn (created_at)");
  db.close();
  await (await place.open()).close();
});

test("a changed schema is refused", async () => {
  await overwrite("check (number > 0)", "check (number > 9)");
  await expect(place.open()).rejects.toThrow("its schema at person");
});
