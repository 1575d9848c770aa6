import type { Client } from "@mainstay/sdk/client";
import { afterEach, expect, test } from "vitest";
import { hashOf, newKey } from "../../src/identity/keys.ts";
import { openData } from "./data-file.ts";
import { calls, clientFor, type House, openHouse, says } from "./house.ts";

let house: House;
afterEach(() => house.close());

/** A member with a key of their own, put where the server will look for both. */
function member(): Client {
  const key = newKey();
  const hash = hashOf(key);
  const db = openData(house.home);
  db.exec(`
    insert into person (id, number, name, role, tier, created_at)
      values ('usr_member', 2, 'member', 'member', 'free', 1);
    insert into api_key (id, person_id, hash, created_at, revoked_at)
      values ('key_member', 'usr_member', '${hash}', 1, null);
  `);
  db.close();
  return clientFor(house.url, key);
}

test("knowing an id is no authority: another person's turns and approvals do not exist for a member", async () => {
  house = await openHouse({ script: [calls("shell", { command: "touch x" }), says("done")] });
  const asked = await house.ask("go");
  const [approval_id] = asked.approvals;
  const other = member();
  expect((await other.me()).name).toBe("member");
  const hidden = { problem: { code: "not_found" } };
  await expect(other.turns.get(asked.id)).rejects.toMatchObject(hidden);
  await expect(other.turns.cancel(asked.id)).rejects.toMatchObject(hidden);
  await expect(other.turns.retry(asked.id)).rejects.toMatchObject(hidden);
  await expect(other.approvals.get(approval_id!)).rejects.toMatchObject(hidden);
  await expect(other.approvals.decide(approval_id!, "approve")).rejects.toMatchObject(hidden);
  expect((await other.approvals.list()).items).toEqual([]);
  expect((await other.turns.list()).items).toEqual([]);
  const stolen = { message: "hi", session_id: asked.session_id };
  await expect(other.turns.create(stolen)).rejects.toMatchObject(hidden);
  const reading = other.events(asked.id)[Symbol.asyncIterator]().next();
  await expect(reading).rejects.toMatchObject(hidden);
  expect(await house.client.turns.get(asked.id)).toMatchObject({ state: "awaiting_approval" });
});
