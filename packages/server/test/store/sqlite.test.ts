import { copyFile, readFile, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Worker } from "node:worker_threads";
import { systemClock } from "@mainstay/sdk/clock";
import { sql } from "kysely";
import { expect, test } from "vitest";
import { StoreFault } from "../../src/kernel/errors.ts";
import { DataFolderBusy } from "../../src/store/folder-lock.ts";
import { DataDamaged } from "../../src/store/data-damaged.ts";
import { openReader, openWriter } from "../../src/store/sqlite-connection.ts";
import { raiseIncarnation } from "../../src/store/sqlite-incarnation.ts";
import { openSqliteStore } from "../../src/store/sqlite.ts";
import { type Store, untilWriting } from "../../src/store/store.ts";
import { handClock } from "../door/hand-clock.ts";
import { storeConformance } from "./conformance.ts";
import { noteBatch, populate } from "./population.ts";
import { limitFiles, run } from "./program.ts";
import { sqlitePlace } from "./sqlite-place.ts";

storeConformance("SQLite", sqlitePlace);

const PROGRAM = join(import.meta.dirname, "sqlite-program.ts");

async function withPlace(body: (place: Awaited<ReturnType<typeof sqlitePlace>>) => Promise<void>) {
  const place = await sqlitePlace();
  try {
    await body(place);
  } finally {
    await place.remove();
  }
}

const withStore = (body: (store: Store, home: string) => Promise<void>) =>
  withPlace(async (place) => {
    const store = await place.open();
    try {
      await body(store, place.home);
    } finally {
      await store.close();
    }
  });

const events = async (store: Store): Promise<number> =>
  (await store.query(store.sql.selectFrom("journal").select("seq"))).length;

test("J1: a full disk fails the group, keeps reads, and is forgotten when there is room", () =>
  withPlace(async (place) => {
    const program = await run([PROGRAM, place.home]);
    try {
      expect(await program.ask("write 10")).toBe("10 committed, 0 StoreFault");
      limitFiles(program.pid, (await stat(join(place.home, "mainstay.db-wal"))).size + 100_000);
      expect(await program.ask("write 64")).toBe("0 committed, 64 StoreFault");
      expect(await program.ask("count")).toBe("10");
      expect(await program.ask("status")).toMatch(/^(disk_full|io): .*\(SQLite \d+\)$/);
      expect(await program.ask("write 3")).toBe("0 committed, 3 StoreFault");
      limitFiles(program.pid, "unlimited");
      expect(await program.ask("writing")).toBe("writing");
      expect(await program.ask("write 5")).toBe("5 committed, 0 StoreFault");
    } finally {
      await program.kill();
    }
    const store = await place.open();
    expect(await events(store)).toBe(15);
    await store.close();
  }));

test("a second opener is refused by name while the first lives, and let in after kill -9", () =>
  withPlace(async (place) => {
    const program = await run([PROGRAM, place.home]);
    try {
      const refused = await place.open().catch((fault: unknown) => fault);
      expect(refused).toBeInstanceOf(DataFolderBusy);
      expect(refused).toMatchObject({ pid: program.pid });
    } finally {
      await program.kill();
    }
    await (await place.open()).close();
  }));

test("the worker's death fails what waits; another takes its place, with all that was acknowledged", async () => {
  let worker: Worker | undefined;
  process.once("worker", (started) => (worker = started));
  await withStore(async (store) => {
    await populate(store);
    const waiting = Array.from({ length: 20 }, () => store.commit(noteBatch(store, "t1", "a")));
    const ends = Promise.allSettled(waiting);
    await worker!.terminate();
    const acknowledged = (await ends).filter((end) => end.status === "fulfilled").length;
    for (const end of await ends) {
      if (end.status === "rejected") expect(end.reason).toBeInstanceOf(StoreFault);
    }
    await expect(store.commit(noteBatch(store, "t1", "b"))).rejects.toThrow("worker is gone");
    await expect(events(store)).rejects.toMatchObject({ cause_kind: "io" });
    await untilWriting(store, new AbortController().signal);
    expect(await events(store)).toBeGreaterThanOrEqual(acknowledged);
    expect(await store.commit(noteBatch(store, "t1", "c"))).toMatchObject({ committed: true });
  });
});

test("J2: a store whose data a newer run has opened writes nothing, for ever, and says so", () =>
  withPlace(async (place) => {
    const hand = handClock();
    const store = await openSqliteStore({ home: place.home, clock: hand.clock });
    await populate(store);
    const told: string[] = [];
    store.onStatus((status) => told.push(status.state === "faulted" ? status.cause : status.state));
    const db = openWriter(join(place.home, "mainstay.db"));
    const newer = raiseIncarnation(db, 0);
    expect(newer).toBe(store.incarnation + 1);
    const commits = [1, 2].map(() => store.commit(noteBatch(store, "t1", "stale")));
    for (const end of await Promise.allSettled(commits))
      expect(end).toMatchObject({ reason: { cause_kind: "displaced" } });
    expect([told, hand.waiting()]).toEqual([["displaced"], 0]);
    expect(await events(store)).toBe(0);
    db.close();
    await store.close();
  }));

test("data that ends before what was acknowledged is refused, until the loss is accepted", () =>
  withPlace(async (place) => {
    const program = await run([PROGRAM, place.home]);
    await program.ask("write 10");
    await program.kill();
    const log = join(place.home, "mainstay.db-wal");
    const bytes = await readFile(log);
    bytes[Math.floor(bytes.length * 0.6)]! ^= 1;
    await writeFile(log, bytes);
    const refused = await place.open().catch((fault: unknown) => fault);
    expect(refused).toBeInstanceOf(DataDamaged);
    expect(String(refused)).toMatch(/ends \d+ journal rows before what was acknowledged/);
    await rm(join(place.home, "mainstay.head"));
    const store = await place.open();
    expect(await events(store)).toBeLessThan(10);
    await store.close();
  }));

test("a start waits for another program that reads the data, and goes on when it lets go", () =>
  withPlace(async (place) => {
    const before = await place.open();
    await populate(before);
    const reader = openReader(join(place.home, "mainstay.db"));
    reader.exec("begin; select * from turn");
    await before.commit(noteBatch(before, "t1", "newer"));
    await before.close();
    let slept_ms = 0;
    const sleep = async (delay_ms: number) => {
      slept_ms += delay_ms;
      if (slept_ms === 2_000) reader.close();
    };
    const clock = { ...systemClock, sleep };
    const store = await openSqliteStore({ home: place.home, clock });
    expect([slept_ms, await events(store)]).toEqual([2_000, 1]);
    await store.close();
  }));

test("a high-water note that cannot be relied on refuses nobody", () =>
  withPlace(async (place) => {
    for (const text of ["", "9", "0000000000000009 00000000\n", "x".repeat(26)]) {
      await writeFile(join(place.home, "mainstay.head"), text);
      await (await place.open()).close();
    }
  }));

test("the log is copied into the database as it grows", () =>
  withStore(async (store, home) => {
    await populate(store);
    const large = "x".repeat(200_000);
    for (let i = 0; i < 120; i++) await store.commit(noteBatch(store, "t1", large));
    expect((await stat(join(home, "mainstay.db-wal"))).size).toBeLessThan(8_000_000);
    expect((await stat(join(home, "mainstay.db"))).size).toBeGreaterThan(16_000_000);
  }));

test("what waits is bounded: past it a request is refused at once", () =>
  withStore(async (store) => {
    const one = { compile: () => sql`select 1 as one`.compile(store.sql) };
    const ends = await Promise.allSettled(Array.from({ length: 16_385 }, () => store.query(one)));
    expect(ends.slice(0, -1).every((end) => end.status === "fulfilled")).toBe(true);
    expect(ends.at(-1)).toMatchObject({ reason: { name: "StoreFault" } });
  }));

test("a query cannot write", () =>
  withStore(async (store) => {
    await populate(store);
    const write = store.sql.deleteFrom("turn").returning("id");
    await expect(store.query(write)).rejects.toThrow(/readonly/);
    expect(await store.query(store.sql.selectFrom("turn").select("id"))).toEqual([{ id: "t1" }]);
  }));

test("more statements than are kept prepared still run", () =>
  withStore(async (store) => {
    const distinct = Array.from({ length: 600 }, (_, i) => ({
      compile: () => sql<{ n: number }>`select ${sql.raw(String(i))} as n`.compile(store.sql),
    }));
    for (let round = 0; round < 2; round++) {
      const rows = await Promise.all(distinct.map((query) => store.query(query)));
      expect(rows.map(([row]) => row!.n)).toEqual(distinct.map((_, i) => i));
    }
  }));

test("J1, J4: the connection that writes syncs every commit and holds foreign keys", () =>
  withStore(async (_store, home) => {
    const db = openWriter(join(home, "mainstay.db"));
    const pragma = (name: string) => Object.values(db.prepare(`pragma ${name}`).get()!)[0];
    expect([pragma("journal_mode"), pragma("synchronous"), pragma("foreign_keys")]).toEqual([
      "wal",
      2,
      1,
    ]);
    db.close();
  }));

test("a file that is no database is a fault, and the folder is free again", () =>
  withPlace(async (place) => {
    await writeFile(join(place.home, "mainstay.db"), "not a database, but long enough to look at");
    await expect(place.open()).rejects.toThrow("not a database");
    await copyFile("/dev/null", join(place.home, "mainstay.db"));
    await (await place.open()).close();
  }));
