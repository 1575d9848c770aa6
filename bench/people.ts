import { join } from "node:path";
import type { Clock } from "@mainstay/sdk/clock";
import { hashOf, newKey } from "@mainstay/server/identity/keys";
import { newId } from "@mainstay/server/kernel/ids";
import { openSqliteStore } from "@mainstay/server/store/sqlite";
import type { Statement, Store } from "@mainstay/server/store/store";

/** The owner, whom the server makes itself, is number 1. */
const FIRST_NUMBER = 2;

export interface Person {
  readonly key: string;
}

/**
 * Puts people with a key and a trusted workspace each straight into the data folder, before its
 * server starts: the product's own store and rows, without the calls that would make them one by one.
 */
export async function settlePeople(home: string, count: number, clock: Clock): Promise<Person[]> {
  const store = await openSqliteStore({ home, clock });
  try {
    const settled = Array.from({ length: count }, (_, i) => newcomer(store, home, i, clock.now()));
    const commit = await store.commit({ writes: settled.flatMap(({ writes }) => writes) });
    if (!commit.committed) throw new Error(`the people were refused: ${commit.guard}`);
    return settled.map(({ key }) => ({ key }));
  } finally {
    await store.close();
  }
}

function newcomer(store: Store, home: string, index: number, created_at: number) {
  const key = newKey();
  const id = newId("usr");
  const workspace_id = newId("ws");
  const person = {
    id,
    number: FIRST_NUMBER + index,
    name: `person ${index + 1}`,
    role: "member" as const,
    tier: "pro" as const,
    created_at,
  };
  const api_key = {
    id: newId("key"),
    person_id: id,
    hash: hashOf(key),
    created_at,
    revoked_at: null,
  };
  const workspace = {
    id: workspace_id,
    person_id: id,
    path: join(home, "workspaces", workspace_id),
    // The server looks at a private folder's inode and owner itself when it uses it.
    ...{ ino: "0", owner_uid: 0 },
    is_private: 1,
    trusted: 1,
    created_at,
  };
  const writes: Statement[] = [
    store.sql.insertInto("person").values(person).compile(),
    store.sql.insertInto("api_key").values(api_key).compile(),
    store.sql.insertInto("workspace").values(workspace).compile(),
  ];
  return { key, writes };
}
