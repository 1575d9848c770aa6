import fs, {
  mkdirSync,
  readdirSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Clock, systemClock } from "@mainstay/sdk/clock";
import fc from "fast-check";
import { expect, onTestFinished, test } from "vitest";
import { type BackupsBudget, openBackups } from "../../src/files/backups.ts";
import { type KeptDay, pastBudget } from "../../src/files/backups/pruning.ts";
import { sha256Of } from "../../src/files/bytes.ts";
import { timeOf } from "../../src/kernel/time.ts";
import { errno, replaceCalls } from "./transaction/edit-scene.ts";

const NOON = timeOf("2026-05-10T12:00:00.000Z");
const DAY_MS = 86_400_000;

async function backupsAt(budget: BackupsBudget = { bytes: 1 << 20, days: 30 }) {
  const above = await mkdtemp(join(tmpdir(), "mainstay-backups-"));
  onTestFinished(() => rm(above, { recursive: true }));
  const folder = join(above, "backups");
  let now_ms = NOON;
  const clock: Clock = { ...systemClock, now: () => now_ms };
  const backups = openBackups({ folder, clock, budget });
  const keep = (text: string) => backups.keep(Buffer.from(text), sha256Of(text), "durable");
  const read = (text: string) => backups.read(sha256Of(text))?.toString() ?? null;
  const setClock = (at_ms: number) => (now_ms = at_ms);
  return { folder, clock, budget, backups, keep, read, setClock };
}

test("what is kept is read again, by its owner alone, once for each day", async () => {
  const { folder, keep, read, setClock } = await backupsAt();
  expect(read("a")).toBeNull();
  await Promise.all([keep("a"), keep("a"), keep("b")]);
  setClock(NOON + DAY_MS);
  await keep("a");
  expect([read("a"), read("b"), read("c")]).toEqual(["a", "b", null]);
  expect(readdirSync(folder)).toEqual(["2026-05-10", "2026-05-11"]);
  expect(readdirSync(join(folder, "2026-05-10"))).toEqual(["a", "b"].map(sha256Of).toSorted());
  expect(readdirSync(join(folder, "2026-05-11"))).toEqual([sha256Of("a")]);
  expect(statSync(join(folder, "2026-05-11")).mode & 0o777).toBe(0o700);
  expect(statSync(join(folder, "2026-05-11", sha256Of("a"))).mode & 0o777).toBe(0o600);
});

test("K2: what the disk made of it is not taken for it, and is written anew", async () => {
  const { folder, keep, read } = await backupsAt();
  await keep("whole");
  truncateSync(join(folder, "2026-05-10", sha256Of("whole")), 3);
  expect(read("whole")).toBeNull();
  await keep("whole");
  expect(read("whole")).toBe("whole");
  expect(readdirSync(join(folder, "2026-05-10"))).toHaveLength(1);
});

test("K1: what a sync has failed for is not trusted afterwards", async () => {
  const { folder, backups, keep, read } = await backupsAt();
  const { fsync } = fs;
  /** As a disk does: it says so once, and then that all is well. */
  const failOnce = () => {
    let has_failed = false;
    const failing = (fd: number, done: (fault: Error | null) => void) => {
      if (has_failed || !fs.fstatSync(fd).isFile()) return fsync(fd, done);
      has_failed = true;
      done(errno("EIO"));
    };
    return replaceCalls({ fsync: Object.assign(failing, fsync) });
  };
  const at = (text: string) => join(folder, "2026-05-10", sha256Of(text));
  failOnce();
  await expect(keep("a")).rejects.toMatchObject({ code: "EIO" });
  expect(read("a"), "its name goes").toBeNull();
  await keep("a");
  expect(read("a")).toBe("a");

  await backups.keep(Buffer.from("b"), sha256Of("b"), "later");
  const { ino } = statSync(at("b"));
  failOnce();
  await keep("b");
  expect(statSync(at("b")).ino, "written anew").not.toBe(ino);
  expect(readdirSync(join(folder, "2026-05-10"))).toHaveLength(2);
});

test("what is kept for later may be refused by the disk, what is durable says so", async () => {
  const { folder, backups, keep, read } = await backupsAt();
  writeFileSync(folder, "no folder");
  await backups.keep(Buffer.from("a"), sha256Of("a"), "later");
  await expect(keep("a")).rejects.toMatchObject({ code: "ENOTDIR" });
  expect(read("a")).toBeNull();
});

test("K4: two that share the folder see each other's", async () => {
  const { folder, clock, budget, keep, read } = await backupsAt();
  const other = openBackups({ folder, clock, budget });
  await Promise.all([keep("a"), other.keep(Buffer.from("a"), sha256Of("a"), "durable")]);
  await other.keep(Buffer.from("b"), sha256Of("b"), "later");
  expect([read("a"), read("b")]).toEqual(["a", "b"]);
});

test("days past the budget go, then the oldest; never today, yesterday, nor a day to come", async () => {
  const { folder, backups, keep, read, setClock } = await backupsAt({ bytes: 8_192, days: 7 });
  for (const [days_ago, text] of [8, 5, 4, 1, 0, -3].map((n) => [n, `of ${n}`] as const)) {
    setClock(NOON - days_ago * DAY_MS);
    await keep(text);
  }
  setClock(NOON);
  expect(await backups.usage()).toEqual({
    used_bytes: 6 * 4_096,
    limit_bytes: 8_192,
    kept_since: "2026-05-02",
  });
  expect(await backups.prune()).toEqual({
    used_bytes: 3 * 4_096,
    limit_bytes: 8_192,
    kept_since: "2026-05-09",
  });
  expect([8, 5, 4].map((n) => read(`of ${n}`))).toEqual([null, null, null]);
  expect([1, 0, -3].map((n) => read(`of ${n}`))).toEqual(["of 1", "of 0", "of -3"]);
  expect(readdirSync(folder)).toEqual(["2026-05-09", "2026-05-10", "2026-05-13"]);
});

test("within one day the oldest goes first, and what a crash left goes, too", async () => {
  const { folder, backups } = await backupsAt({ bytes: 4_096, days: 7 });
  const day = join(folder, "2026-05-08");
  mkdirSync(day, { recursive: true });
  for (const [n, name] of ["z", ".left.0", "a"].entries()) {
    writeFileSync(join(day, name), "x");
    utimesSync(join(day, name), n, n);
  }
  await backups.prune();
  expect(readdirSync(day)).toEqual(["a"]);
});

test("K3: pruning goes no further than it must, and never near today", () => {
  const day = fc.integer({ min: -40, max: 3 }).map((n) => isoDay(NOON + n * DAY_MS));
  const files = fc.array(fc.record({ name: fc.uuid(), bytes: fc.nat(100), at_ms: fc.nat(10) }), {
    maxLength: 5,
  });
  const kept = fc
    .uniqueArray(fc.record({ day, files }), { selector: (one) => one.day, maxLength: 12 })
    .map((days) => days.toSorted((a, b) => a.day.localeCompare(b.day)));
  fc.assert(
    fc.property(kept, fc.nat(500), fc.nat(40), (days, bytes, keep_days) => {
      const gone = pastBudget(days, { bytes, days: keep_days }, isoDay(NOON));
      const names = new Set(gone.map(({ name }) => name));
      for (const one of gone) expect(one.day < isoDay(NOON - DAY_MS)).toBe(true);
      const [left, used] = [daysWithout(days, names), bytesOf(daysWithout(days, names))];
      const first = isoDay(NOON - keep_days * DAY_MS);
      const yesterday = isoDay(NOON - DAY_MS);
      const prunable = left.filter((one) => one.day < yesterday && one.files.length > 0);
      if (used > bytes) expect(prunable).toEqual([]);
      for (const one of prunable) expect(one.day >= first).toBe(true);
      const last = gone.at(-1);
      if (last === undefined || last.day < first) return;
      names.delete(last.name);
      expect(bytesOf(daysWithout(days, names)), "the last was needed").toBeGreaterThan(bytes);
    }),
  );
});

const isoDay = (at_ms: number) => new Date(at_ms).toISOString().slice(0, 10);
const daysWithout = (days: readonly KeptDay[], names: ReadonlySet<string>): KeptDay[] =>
  days.map(({ day, files }) => ({ day, files: files.filter(({ name }) => !names.has(name)) }));
const bytesOf = (days: readonly KeptDay[]) =>
  days.flatMap(({ files }) => files).reduce((sum, { bytes }) => sum + bytes, 0);
