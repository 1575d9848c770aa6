import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Clock, systemClock } from "@mainstay/sdk/clock";
import { createIdentity, type Person } from "../../src/identity/identity.ts";
import { newId } from "../../src/kernel/ids.ts";
import { openSqliteStore } from "../../src/store/sqlite.ts";

export interface Wishes {
  readonly clock?: Clock;
  readonly localHomes?: () => Promise<readonly string[]>;
  readonly uid?: number;
}

/** An identity room over a real store; `folder` is a place beside the data folder. */
export async function openIdentity(wishes: Wishes = {}) {
  const folder = await mkdtemp(join(tmpdir(), "mainstay-identity-"));
  const home = join(folder, "home");
  const clock = wishes.clock ?? systemClock;
  const store = await openSqliteStore({ home, clock: systemClock });
  const uid = wishes.uid ?? process.getuid?.() ?? 0;
  const localHomes = wishes.localHomes ?? (() => Promise.resolve([]));
  const parts = { store, clock, newId, uid, localHomes, one_person: false };
  const open = (at = home) => createIdentity({ ...parts, home: at });
  const identity = open();

  async function addPerson(number: number, role: Person["role"] = "member"): Promise<Person> {
    const person: Person = { id: newId("usr"), number, name: `p${number}`, role, tier: "free" };
    const insert = store.sql.insertInto("person").values({ ...person, created_at: 0 });
    await store.commit({ writes: [insert.compile()] });
    return person;
  }

  return {
    addPerson,
    folder,
    home,
    identity,
    /** As after a restart: nothing remembered; `at` is another way to the data folder. */
    reopen: open,
    ownerKey: async () => (await readFile(join(home, "owner.key"), "utf8")).trim(),
    store,
    async [Symbol.asyncDispose]() {
      await store.close();
      await rm(folder, { recursive: true });
    },
  };
}
