import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type Batch, groupWriter } from "../../src/store/sqlite-group.ts";
import type { Statement } from "../../src/store/store.ts";

let folder: string;
let db: DatabaseSync;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "mainstay-group-"));
  db = new DatabaseSync(join(folder, "group.db"), { timeout: 0 });
  db.exec(`
    create table parent (id integer primary key) strict;
    create table child (id integer references parent deferrable initially deferred) strict`);
});
afterEach(async () => {
  db.close();
  await rm(folder, { recursive: true });
});

const always: Statement = { sql: "select 1", parameters: [] };
const insert = (sql: string): Batch => ({ guards: [], writes: [{ sql, parameters: [] }] });
const parent = (id: number) => insert(`insert into parent values (${id})`);
const orphan = insert("insert into child values (99)");
const parents = () => db.prepare("select id from parent").all();

test("G3, G4: a COMMIT that fails is a fault of every batch, and the next group starts clean", () => {
  const write = groupWriter(db, always);
  const ends = write([parent(1), orphan, parent(2)]);
  expect(ends.map(({ ok }) => ok)).toEqual([false, false, false]);
  expect([parents(), db.isTransaction]).toEqual([[], false]);
  expect(write([parent(3)])).toEqual([{ ok: true, value: { committed: true, rows: [[]] } }]);
  expect(parents()).toEqual([{ id: 3 }]);
});

test("G3, G4: a BEGIN that fails is a fault of every batch, and the next group starts clean", () => {
  const write = groupWriter(db, always);
  const other = new DatabaseSync(join(folder, "group.db"));
  other.exec("begin immediate");
  const ends = write([parent(1), parent(2)]);
  expect(ends.map((end) => !end.ok && end.fault)).toEqual([
    "database is locked (SQLite 5)",
    "database is locked (SQLite 5)",
  ]);
  other.close();
  expect(write([parent(3)])[0]).toMatchObject({ ok: true });
  expect(parents()).toEqual([{ id: 3 }]);
});

test("G5, J2: a writer that may not write writes nothing, and is told why", () => {
  const mayWrite = { sql: "select id from parent where id = 7", parameters: [] };
  const write = groupWriter(db, mayWrite);
  expect(write([parent(1)])[0]).toMatchObject({ ok: false, cause_kind: "displaced" });
  expect([parents(), db.isTransaction]).toEqual([[], false]);
  db.exec("insert into parent values (7)");
  expect(write([parent(1)])[0]).toMatchObject({ ok: true });
});
