/** What was signed and carried away is never written over by a server that it speaks against. */
import { execFileSync } from "node:child_process";
import { cpSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { AuditHead } from "@mainstay/sdk/audit-trail";
import { systemClock } from "@mainstay/sdk/clock";
import { afterEach, beforeEach, expect, test } from "vitest";
import { verifyAudit } from "../../src/audit/audit.ts";
import { openTrailHome, type TrailHome } from "./trail-home.ts";

let trail: TrailHome;
let head_file: string;
let settings: { head_file: string };

beforeEach(async () => {
  trail = await openTrailHome();
  head_file = join(trail.home, "elsewhere.head");
  settings = { head_file };
});
afterEach(() => trail.close());

const inHome = (name: string) => join(trail.home, name);
const textOf = (path: string) => readFileSync(path, "utf8");
const take = (...names: string[]) => names.forEach((name) => rmSync(inHome(name)));

function takeTrail(): void {
  for (const name of readdirSync(trail.home))
    if (name.startsWith("mainstay.")) rmSync(inHome(name), { recursive: true });
}

/** A trail of some records, signed and carried to `head_file`. */
async function makeTrail(): Promise<string> {
  const first = await trail.run({ settings });
  await trail.record(20);
  await first.head();
  await first.stop();
  return textOf(head_file);
}

test("after the loss of data, key and note the exported head stands, and nothing is signed", async () => {
  const kept = await makeTrail();
  const lost = await trail.run({ settings }, () => {
    takeTrail();
    take("audit.key", "audit.head");
  });
  expect(lost.check()).toMatchObject({ ok: false });
  expect(lost.check().detail).toMatch(/elsewhere\.head is signed by another key.*by hand/);
  await expect(lost.head()).rejects.toMatchObject({ code: "audit_damaged" });
  await lost.stop();
  expect(textOf(head_file)).toBe(kept);

  const anew = await trail.run({ settings }, () => renameSync(head_file, inHome("old.head")));
  const head = await anew.head();
  expect(anew.check()).toMatchObject({ ok: true });
  await anew.stop();
  expect(AuditHead.parse(JSON.parse(textOf(head_file)))).toEqual(head);
});

test("with another key nothing is signed over what the lost one signed", async () => {
  const kept = await makeTrail();
  const other = await trail.run({}, () => take("audit.key"));
  expect(other.check()).toMatchObject({ ok: false });
  await expect(other.head()).rejects.toMatchObject({ code: "audit_damaged" });
  await other.stop();
  expect(textOf(inHome("audit.head"))).toBe(kept);

  const anew = await trail.run({}, () => take("audit.head"));
  expect((await anew.head()).n).toBeGreaterThan(1);
  expect(anew.check()).toMatchObject({ ok: false });
  expect(anew.check().detail).toContain("another audit.key");
  await anew.stop();
  const head = AuditHead.parse(JSON.parse(kept));
  const verdict = await verifyAudit({ home: trail.home, head, executor: async () => null });
  expect(verdict).toMatchObject({ ok: true, faults: [] });
});

test("an older copy of the trail does not go over a head that was carried away from a newer one", async () => {
  await makeTrail();
  await trail.stop();
  cpSync(inHome("mainstay.db"), inHome("older.db"));
  const newer = await trail.run({ settings });
  await trail.record(3);
  await newer.head();
  await newer.stop();
  const kept = textOf(head_file);
  const older = await trail.run({ settings }, () => {
    takeTrail();
    take("audit.head");
    renameSync(inHome("older.db"), inHome("mainstay.db"));
  });
  expect(older.check().detail).toMatch(/ends before .*elsewhere\.head.*by hand/);
  await older.stop();
  expect(textOf(head_file)).toBe(kept);
});

test.each([
  ["holds no head", (text: string) => text.slice(0, 40)],
  [
    "is not what was signed",
    (text: string) => JSON.stringify({ ...JSON.parse(text), hash: "0".repeat(64) }),
  ],
])("a file that %s is no place to write over, also in the midst of a run", async (says, change) => {
  const made = await trail.run({ settings });
  await made.head();
  await made.stop();
  const again = await trail.run({ settings });
  const changed = change(textOf(head_file));
  writeFileSync(head_file, changed);
  await trail.record(1);
  // Refused where the file was looked at by then; else it is looked at before anything is carried.
  await again.head().catch(() => undefined);
  await again.stop();
  expect(again.check()).toMatchObject({ ok: false });
  expect(again.check().detail).toContain(says);
  expect(textOf(head_file)).toBe(changed);
});

test("records changed and hashed anew do not fit a head that is beside them", async () => {
  await makeTrail();
  const forged = await trail.run({}, () => take("audit.head"));
  await trail.store().commit({
    writes: [trail.store().sql.deleteFrom("audit").compile()],
  });
  await forged.stop();
  await trail.store().commit({
    writes: [trail.store().sql.deleteFrom("audit_checkpoint").compile()],
  });
  const kept = textOf(head_file);
  const after = await trail.run({ settings }, () => rmSync(inHome("audit.head"), { force: true }));
  await trail.record(30);
  await after.head().catch(() => undefined);
  await after.stop();
  expect(after.check()).toMatchObject({ ok: false });
  expect(textOf(head_file)).toBe(kept);
});

test("a place that does not answer holds up neither start nor stop, and is told", async () => {
  execFileSync("mkfifo", [head_file]);
  const after = (delay_ms: number, run: () => void) =>
    systemClock.after(Math.min(delay_ms, 200), run);
  const made = await trail.run({ settings, clock: { ...systemClock, after } });
  await made.head();
  await made.stop();
  expect(made.check()).toMatchObject({ ok: false });
  expect(made.check().detail).toMatch(/nothing arrives at .*elsewhere\.head.*no answer after/);
  // Lets go of whoever waits in the system for a writer.
  writeFileSync(head_file, "");
});

test("a head is signed once for what is on the trail", async () => {
  const made = await trail.run();
  const head = await made.head();
  expect(await made.head()).toEqual(head);
  await trail.record(1);
  expect((await made.head()).n).toBe(head.n + 1);
  const again = await trail.run();
  const started = await again.head();
  expect(await again.head()).toEqual(started);
});
