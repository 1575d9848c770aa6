import { join } from "node:path";
import { rmSync, writeFileSync } from "node:fs";
import { crc32 } from "node:zlib";
import { afterEach, beforeEach, expect, test } from "vitest";
import { dataChecks, type DataSources } from "../../src/commands/doctor-data.ts";
import type { DiskState } from "../../src/health/disk-space.ts";
import { DataDamaged } from "../../src/store/data-damaged.ts";
import { openData } from "./data-file.ts";
import { calls, configFor, type House, openHouse, says } from "./house.ts";

let house: House;
beforeEach(async () => {
  house = await openHouse({
    script: [calls("shell", { intent: "look", command: "echo hello" }), says("Done.")],
  });
});
afterEach(() => house.close());

const examine = async (sources: Partial<DataSources> = {}) => {
  const checks = await dataChecks(configFor(house.home, []), sources);
  return new Map(checks.map((check) => [check.name, check]));
};

test("doctor says what data, spool and disk have, while the server is at work", async () => {
  await house.ask("look around");
  const found = await examine();
  expect(found.get("journals")).toMatchObject({
    ok: true,
    detail: expect.stringMatching(/^turns: 1, open: 0; 0\.\d MB of 4096\.0 MB$/u),
  });
  expect(found.get("damage")).toMatchObject({ ok: true, detail: expect.stringContaining("none") });
  expect(found.get("spool")).toMatchObject({
    ok: true,
    detail: expect.stringMatching("in use by an executor"),
  });
  expect(found.get("edits")).toMatchObject({ ok: true });
  expect(found.get("backups")?.detail).toMatch(/^of edited files: 0\.0 MB of 1024\.0 MB$/u);
  expect(found.get("disk")?.detail).toMatch(/MB free$/u);
  expect((await examine({ spool_told: "1.0 MB of 2.0 MB" })).get("spool")).toMatchObject({
    ok: true,
    detail: "1.0 MB of 2.0 MB",
  });

  const told = async (wanted: string) =>
    (await house.client.readyz()).checks.find(({ name }) => name === wanted)?.detail;
  // Of an executor that is slow to answer it says so, to keep nobody waiting.
  await expect.poll(() => told("spool"), { timeout: 20_000 }).toMatch(/^0\.0 MB of 256\.0 MB$/u);
  expect(await told("journals")).toMatch(/ of 4096\.0 MB$/u);
});

test("backups that cannot be read are a fault of their own, and the rest is told", async () => {
  rmSync(join(house.home, "backups"), { recursive: true, force: true });
  writeFileSync(join(house.home, "backups"), "");
  const found = await examine();
  expect(found.get("backups")).toMatchObject({
    ok: false,
    detail: expect.stringContaining("ENOTDIR"),
    fix: expect.stringContaining("edits are refused"),
  });
  expect(found.get("disk")?.ok).toBe(true);
});

test("a disk on which the server would take in nothing new is not called fine", async () => {
  const MB = 1_048_576;
  const full: DiskState = { state: "nearly_full", free_bytes: 3 * MB, reserve_bytes: 256 * MB };
  const disk = { state: () => full, refusal: () => null };
  expect((await examine({ disk })).get("disk")).toMatchObject({
    ok: false,
    detail: expect.stringMatching(/^3\.0 MB free, less than the 256\.0 MB /u),
    fix: expect.stringContaining("make room"),
  });
});

test("doctor names the turns whose journal is damaged, and what to do", async () => {
  const turn = await house.ask("look around");
  const db = openData(house.home);
  db.exec("update journal set body = replace(body, 'Done.', 'Gone.') where type = 'settled'");
  db.close();
  expect((await examine()).get("damage")).toMatchObject({
    ok: false,
    detail: `the journal of ${turn.id}`,
    fix: expect.stringContaining("restore a backup"),
  });
});

test("doctor names the edits that are torn, and what to do", async () => {
  const { session_id, id } = await house.ask("look around");
  const db = openData(house.home);
  db.prepare(`insert into edit (id, ordinal, turn_id, session_id, person_id, workspace_id, origin,
    intent, record, undoes, began_at, state, fault, ended_at)
    select 'edit_1', 1, ?, id, person_id, workspace_id, 'call', '', '{}', '[]', 1, 'torn', 'x', 2
    from session where id = ?`).run(id, session_id);
  db.close();
  expect((await examine()).get("edits")).toMatchObject({
    ok: false,
    detail: "torn: edit_1",
    fix: expect.stringContaining("mainstay edits ID"),
  });
});

test("data that a server would refuse as an older copy is told of in the words of that refusal", async () => {
  await house.ask("look around");
  const digits = String(1_000_000).padStart(16, "0");
  const check = crc32(digits).toString(16).padStart(8, "0");
  writeFileSync(join(house.home, "mainstay.head"), `${digits} ${check}\n`);
  const refusal: unknown = await house.restart().catch((fault: unknown) => fault);
  expect(refusal).toBeInstanceOf(DataDamaged);
  expect((await examine()).get("damage")).toMatchObject({
    ok: false,
    detail: (refusal as DataDamaged).message,
  });
});
