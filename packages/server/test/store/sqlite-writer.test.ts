import { copyFile, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { openReader } from "../../src/store/sqlite-connection.ts";
import { createWriter, type Writer } from "../../src/store/sqlite-writer.ts";
import type { StoreFailure } from "../../src/store/sqlite-wire.ts";
import type { Store } from "../../src/store/store.ts";
import { noteBatch, populate } from "./population.ts";
import { sqlitePlace } from "./sqlite-place.ts";

const head = vi.hoisted(() => ({ is_full: false }));
vi.mock(import("../../src/store/high-water.ts"), async (original) => {
  const real = await original();
  return {
    ...real,
    openHighWater(file) {
      const high_water = real.openHighWater(file);
      const full = Object.assign(new Error("no space"), { syscall: "write", code: "ENOSPC" });
      return {
        ...high_water,
        note(rowid) {
          if (head.is_full) throw full;
          high_water.note(rowid);
        },
      };
    },
  };
});

let place: Awaited<ReturnType<typeof sqlitePlace>>;
let store: Store;
/** A copy of data with ten journal rows, most of them in the log, as a worker that died left it. */
let folder: string;
let writer: Writer;
let told: StoreFailure[];

beforeEach(async () => {
  head.is_full = false;
  place = await sqlitePlace();
  store = await place.open();
  await populate(store);
  for (let i = 0; i < 10; i++) await store.commit(noteBatch(store, "t1", `${i}`));
  folder = await mkdtemp(join(tmpdir(), "mainstay-writer-"));
  for (const name of ["mainstay.db", "mainstay.db-wal", "mainstay.head"])
    await copyFile(join(place.home, name), join(folder, name));
  told = [];
  const files = {
    data_file: join(folder, "mainstay.db"),
    head_file: join(folder, "mainstay.head"),
  };
  const { incarnation } = store;
  writer = createWriter({ ...files, incarnation }, (failure) => told.push(failure));
});
afterEach(async () => {
  writer.close();
  await store.close();
  await place.remove();
  await rm(folder, { recursive: true });
});

const write = (by: string) => writer.write([{ guards: [], ...noteBatch(store, "t1", by) }])[0];
const noted = async (): Promise<number> =>
  Number.parseInt(await readFile(join(folder, "mainstay.head"), "utf8"), 10);

test("D5: a batch that is on disk is acknowledged where the note of it fails; nothing after it is", async () => {
  writer.recover();
  head.is_full = true;
  expect(write("on disk")).toMatchObject({ ok: true });
  expect(told).toMatchObject([{ cause_kind: "disk_full", fault: "no space" }]);
  expect(write("after")).toMatchObject({ ok: false, cause_kind: "disk_full" });
  expect(() => writer.recover()).toThrow("no space");
  expect(write("after")).toMatchObject({ ok: false, cause_kind: "disk_full" });
  head.is_full = false;
  writer.recover();
  expect([await noted(), write("well")]).toMatchObject([11, { ok: true }]);
  expect([await noted(), told.length]).toEqual([12, 1]);
});

test("D5: data that ends before what was acknowledged is not recovered on, and the note stays", async () => {
  const log = join(folder, "mainstay.db-wal");
  const bytes = await readFile(log);
  bytes[Math.floor(bytes.length * 0.6)]! ^= 1;
  await writeFile(log, bytes);
  // As the worker has one: without it the last connection to close would cut the log.
  const reader = openReader(join(folder, "mainstay.db"));
  reader.exec("select * from turn");
  expect(() => writer.recover()).toThrow(/ends \d+ journal rows before what was acknowledged/);
  expect(write("lost")).toMatchObject({ ok: false });
  expect([await noted(), (await readFile(log)).equals(bytes)]).toEqual([10, true]);
  reader.close();
});

test("D2: while another program holds the log the store stays shut, and says so", () => {
  writer.recover();
  const reader = openReader(join(folder, "mainstay.db"));
  reader.exec("begin; select * from turn");
  write("newer than what the reader sees");
  const held = "another program reads the data and holds its log";
  expect(() => writer.recover()).toThrow(
    expect.objectContaining({ message: held, cause_kind: "held" }),
  );
  expect(write("refused")).toMatchObject({ ok: false, cause_kind: "held" });
  reader.close();
  writer.recover();
  expect(write("well")).toMatchObject({ ok: true });
});
