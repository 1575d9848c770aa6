import { join } from "node:path";
import type { Clock } from "@mainstay/sdk/clock";
import type { NewId } from "../kernel/ids.ts";
import type { Statement, Store } from "../store/store.ts";
import { readKeyFile, writeKeyFile } from "./key-file.ts";
import { hashOf, newKey } from "./keys.ts";

export interface OwnerParts {
  readonly store: Store;
  readonly clock: Clock;
  readonly newId: NewId;
  readonly home: string;
}

const OWNER_NUMBER = 1;

/**
 * Makes the owner and `home/owner.key` where they are missing. The file is written before its row: a
 * crash between leaves a key that the next start takes up, never a row whose key nobody knows.
 */
export async function ensureOwner(parts: OwnerParts): Promise<{ created: boolean }> {
  const path = join(parts.home, "owner.key");
  const kept = await readKeyFile(path);
  const key = kept ?? newKey();
  if (kept === null) await writeKeyFile(path, key);
  if (!(await isKnown(parts.store, key))) await insertKey(parts, key);
  return { created: kept === null };
}

async function isKnown(store: Store, key: string): Promise<boolean> {
  const found = store.sql.selectFrom("api_key").select("id").where("hash", "=", hashOf(key));
  return (await store.query(found)).length > 0;
}

async function insertKey(parts: OwnerParts, key: string): Promise<void> {
  const { store, clock, newId } = parts;
  const [owner] = await store.query(
    store.sql.selectFrom("person").select("id").where("number", "=", OWNER_NUMBER),
  );
  const person_id = owner?.id ?? newId("usr");
  const writes = owner === undefined ? [insertOwner(parts, person_id)] : [];
  const row = {
    id: newId("key"),
    person_id,
    hash: hashOf(key),
    created_at: clock.now(),
    revoked_at: null,
  };
  writes.push(store.sql.insertInto("api_key").values(row).compile());
  const commit = await store.commit({ writes });
  if (!commit.committed) throw new Error("another server makes the owner of this data folder");
}

function insertOwner({ store, clock }: OwnerParts, id: string): Statement {
  const owner = {
    id,
    number: OWNER_NUMBER,
    name: "owner",
    role: "admin",
    tier: "pro",
    created_at: clock.now(),
  } as const;
  return store.sql.insertInto("person").values(owner).compile();
}
