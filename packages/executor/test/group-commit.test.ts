/** Writes of one round of the event loop share a commit, and its fate. */
import { statSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { expect, onTestFinished, test } from "vitest";
import { groupCommits } from "../src/ledger/group-commit.ts";
import { scratchHome } from "./scratch.ts";

function openGroups(file = ":memory:") {
  const db = new DatabaseSync(file);
  db.exec("CREATE TABLE t (n INTEGER UNIQUE)");
  const settled: boolean[] = [];
  const group = groupCommits(db, (is_durable) => settled.push(is_durable));
  const insert = (n: number) =>
    group.write(() => void db.prepare("INSERT INTO t VALUES (?)").run(n));
  const rows = () =>
    db
      .prepare("SELECT n FROM t ORDER BY n")
      .all()
      .map((row) => row["n"]);
  return { db, group, insert, rows, settled };
}

test("what one round writes is read at once and committed once", async () => {
  const { insert, rows, settled, db } = openGroups();
  const both = [insert(1), insert(2)];
  expect([rows(), settled, db.isTransaction]).toEqual([[1, 2], [], true]);
  await Promise.all(both);
  expect([settled, db.isTransaction]).toEqual([[true], false]);
  await insert(3);
  expect(settled).toEqual([true, true]);
});

test("a write that fails takes back itself alone", async () => {
  const { insert, rows, settled } = openGroups();
  const all = [insert(1), insert(1), insert(2)];
  expect((await Promise.allSettled(all)).map(({ status }) => status)).toEqual([
    "fulfilled",
    "rejected",
    "fulfilled",
  ]);
  expect([rows(), settled]).toEqual([[1, 2], [true]]);
});

test("a transaction that is lost is lost for all that wrote in it, and the next begins anew", async () => {
  const { db, insert, rows, settled } = openGroups();
  db.exec("PRAGMA foreign_keys = ON");
  db.exec("CREATE TABLE u (n REFERENCES t (n) DEFERRABLE INITIALLY DEFERRED)");
  const first = insert(1);
  db.exec("INSERT INTO u VALUES (7)"); // COMMIT fails
  const second = insert(2);
  const lost = { status: "rejected", reason: { message: expect.stringMatching(/FOREIGN KEY/) } };
  expect(await Promise.allSettled([first, second])).toMatchObject([lost, lost]);
  expect([rows(), settled, db.isTransaction]).toEqual([[], [false], false]);
  await insert(3);
  expect(rows()).toEqual([3]);
});

test("after a transaction that was lost the log is cut before anything is written again", async () => {
  const file = join(scratchHome(), "db");
  const { db, insert } = openGroups(file);
  onTestFinished(() => db.close());
  db.exec("PRAGMA journal_mode = WAL; PRAGMA foreign_keys = ON");
  db.exec("CREATE TABLE u (n REFERENCES t (n) DEFERRABLE INITIALLY DEFERRED)");
  const log_bytes = () => statSync(`${file}-wal`).size;
  for (let n = 0; n < 20; n += 1) await insert(n);
  const before = log_bytes();
  const lost = insert(100);
  db.exec("INSERT INTO u VALUES (700)");
  await expect(lost).rejects.toThrow(/FOREIGN KEY/);
  await insert(101);
  expect(log_bytes()).toBeLessThan(before / 2);
});
