import { chmod, readdir, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { hashOf, isKey, keyOf, newKey } from "../../src/identity/keys.ts";
import { handClock } from "../door/hand-clock.ts";
import { openIdentity } from "./open-identity.ts";

test("the first start makes the owner and a key for them alone; the next ones nothing", async () => {
  await using house = await openIdentity();
  expect(await house.identity.ensureOwner()).toEqual({ created: true });
  const key = await house.ownerKey();
  expect((await stat(join(house.home, "owner.key"))).mode & 0o777).toBe(0o600);
  expect(isKey(key)).toBe(true);
  expect(await house.identity.authenticate(`Bearer ${key}`)).toMatchObject({
    number: 1,
    name: "owner",
    role: "admin",
    tier: "pro",
  });
  expect(await house.reopen().ensureOwner()).toEqual({ created: false });
  expect(await house.ownerKey()).toBe(key);
});

test("the store holds the hash of a key, never the key", async () => {
  await using house = await openIdentity();
  await house.identity.ensureOwner();
  const key = await house.ownerKey();
  const rows = await house.store.query(house.store.sql.selectFrom("api_key").selectAll());
  expect(rows.map((row) => row.hash)).toEqual([hashOf(key)]);
  expect(JSON.stringify(rows)).not.toContain(key.slice(13));
});

test("a crash between file and row: the next start takes the file's key up", async () => {
  await using house = await openIdentity();
  const key = newKey();
  await writeFile(join(house.home, "owner.key"), `${key}\n`, { mode: 0o600 });
  expect(await house.identity.ensureOwner()).toEqual({ created: false });
  expect(await house.identity.authenticate(`Bearer ${key}`)).toMatchObject({ name: "owner" });
});

test("a crash in the middle of the file leaves no half key", async () => {
  await using house = await openIdentity();
  await writeFile(join(house.home, "owner.key.new"), "mst_0123", { mode: 0o644 });
  expect(await house.identity.ensureOwner()).toEqual({ created: true });
  expect(isKey(await house.ownerKey())).toBe(true);
  expect((await stat(join(house.home, "owner.key"))).mode & 0o777).toBe(0o600);
  expect((await readdir(house.home)).filter((name) => name.startsWith("owner"))).toEqual([
    "owner.key",
  ]);
});

test("the file was removed: a new key for the same owner", async () => {
  await using house = await openIdentity();
  await house.identity.ensureOwner();
  const before = await house.identity.authenticate(`Bearer ${await house.ownerKey()}`);
  await rm(join(house.home, "owner.key"));
  expect(await house.identity.ensureOwner()).toEqual({ created: true });
  const after = await house.identity.authenticate(`Bearer ${await house.ownerKey()}`);
  expect(after).toEqual(before);
});

test("a file without a key is named, not overwritten", async () => {
  await using house = await openIdentity();
  await writeFile(join(house.home, "owner.key"), "hello", { mode: 0o600 });
  await expect(house.identity.ensureOwner()).rejects.toThrow(/owner.key holds no key; remove it/);
  expect(await house.ownerKey()).toBe("hello");
});

test("a key that others may read or write is not used, and the message says how to mend it", async () => {
  await using house = await openIdentity();
  await house.identity.ensureOwner();
  const path = join(house.home, "owner.key");
  for (const mode of [0o644, 0o640, 0o602, 0o660]) {
    await chmod(path, mode);
    const said = `(mode ${mode.toString(8)}): run \`chmod 600 ${path}\``;
    await expect(house.identity.ensureOwner()).rejects.toThrow(said);
  }
  await chmod(path, 0o400);
  expect(await house.identity.ensureOwner()).toEqual({ created: false });
});

test("keys differ, and only their own form in a bearer header is one", () => {
  const key = newKey();
  expect(key).toMatch(/^mst_[0-9a-f]{8}_[\w-]{43}$/);
  expect(newKey()).not.toBe(key);
  expect([keyOf(`Bearer ${key}`), keyOf(`bearer  ${key}`)]).toEqual([key, key]);
  for (const header of [
    undefined,
    "",
    key,
    `Basic ${key}`,
    `Bearer ${key}x`,
    `Bearer ${"x".repeat(9_999)}`,
  ]) {
    expect(keyOf(header)).toBeNull();
  }
});

test("a revoked key is asked for again before a second has passed", async () => {
  const time = handClock();
  await using house = await openIdentity({ clock: time.clock });
  await house.identity.ensureOwner();
  const header = `Bearer ${await house.ownerKey()}`;
  expect(await house.identity.authenticate(header)).not.toBeNull();
  const revoke = house.store.sql.updateTable("api_key").set({ revoked_at: 1 });
  await house.store.commit({ writes: [revoke.compile()] });
  expect(await house.identity.authenticate(header)).not.toBeNull();
  await time.pass(500);
  expect(await house.identity.authenticate(header)).toBeNull();
});
