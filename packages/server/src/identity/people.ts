import type { NewUser, User } from "@mainstay/sdk/people";
import type { Clock } from "@mainstay/sdk/clock";
import { sql } from "kysely";
import { Refusal } from "../kernel/errors.ts";
import type { NewId } from "../kernel/ids.ts";
import { isoTime } from "../kernel/time.ts";
import { auditWrite } from "../store/audit-log.ts";
import type { Row } from "../store/schema.ts";
import type { Store } from "../store/store.ts";
import type { Person } from "./authentication.ts";
import { hashOf, newKey } from "./keys.ts";

export interface People {
  /** Everybody, the oldest first. */
  list(): Promise<User[]>;
  /** @throws Refusal `not_found` */
  named(name_or_id: string): Promise<User>;
  /**
   * A new person with a key of their own. Of the key only its hash is kept: who asks for the person
   * is the only one who ever sees it. @throws Refusal `name_taken`, `one_person_only`
   */
  add(wish: NewUser, by: Person): Promise<{ user: User; key: string }>;
}

export interface PeopleParts {
  readonly store: Store;
  readonly clock: Clock;
  readonly newId: NewId;
  /** Nothing keeps people's commands apart: the owner stays alone. */
  readonly one_person: boolean;
}

export function createPeople({ store, clock, newId, one_person }: PeopleParts): People {
  const all = store.sql.selectFrom("person").selectAll().orderBy("number");

  async function named(name_or_id: string): Promise<User> {
    const [row] = await store.query(
      all.where((of) =>
        of.or([of("id", "=", name_or_id), of(sql<string>`name collate nocase`, "=", name_or_id)]),
      ),
    );
    if (row === undefined)
      throw new Refusal("not_found", `There is nobody called ${JSON.stringify(name_or_id)}.`);
    return described(row);
  }

  async function add({ name, role, tier }: NewUser, by: Person) {
    if (one_person)
      throw new Refusal(
        "one_person_only",
        "Commands run without a sandbox here: for one person alone.",
      );
    const id = newId("usr");
    const created_at = clock.now();
    const key = newKey();
    const person = { id, name, role: role ?? "member", tier: tier ?? "free", created_at } as const;
    const row = { ...person, number: sql<number>`(select max(number) + 1 from person)` };
    const own_key = { id: newId("key"), person_id: id, hash: hashOf(key), created_at };
    const record = {
      kind: "person_added",
      person_id: id,
      role: person.role,
      tier: person.tier,
      added_by: by.id,
    } as const;
    const commit = await store.commit({
      writes: [
        store.sql.insertInto("person").values(row).compile(),
        store.sql
          .insertInto("api_key")
          .values({ ...own_key, revoked_at: null })
          .compile(),
        auditWrite(store, created_at, record),
      ],
    });
    if (!commit.committed)
      throw new Refusal("name_taken", `Somebody is called ${JSON.stringify(name)} already.`);
    return { user: described(person), key };
  }

  return { list: async () => (await store.query(all)).map(described), named, add };
}

const described = ({ id, name, role, tier, created_at }: Omit<Row<"person">, "number">): User => ({
  ...{ id, name, role, tier },
  created_at: isoTime(created_at),
});
