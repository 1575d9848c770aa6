import type { Clock } from "@mainstay/sdk/clock";
import type { Row } from "../store/schema.ts";
import type { Store } from "../store/store.ts";
import { hashOf, keyOf } from "./keys.ts";

/** Below a second together with what a stream adds: a revoked key is without effect within one. */
const CACHED_MS = 400;
/** Keys remembered; past it the one that was asked for longest ago is forgotten. */
const CACHED_KEYS = 1_000;

export type Person = Pick<Row<"person">, "id" | "number" | "name" | "role" | "tier">;

/** The person of an `Authorization` header; null for no key, an unknown or a revoked one. */
export type Authenticate = (authorization: string | undefined) => Promise<Person | null>;

export function createAuthenticate(store: Store, clock: Clock): Authenticate {
  const cached = new Map<string, { person: Person; until: number }>();

  function remember(hash: string, person: Person, asked_at: number) {
    cached.delete(hash);
    cached.set(hash, { person, until: asked_at + CACHED_MS });
    if (cached.size > CACHED_KEYS) cached.delete(cached.keys().next().value ?? hash);
  }

  return async (authorization) => {
    const key = keyOf(authorization);
    if (key === null) return null;
    const hash = hashOf(key);
    const asked_at = clock.monotonic();
    const known = cached.get(hash);
    if (known !== undefined && asked_at < known.until) return known.person;
    const person = await personOf(store, hash);
    if (person === null) cached.delete(hash);
    else remember(hash, person, asked_at);
    return person;
  };
}

async function personOf(store: Store, hash: string): Promise<Person | null> {
  const [person] = await store.query(
    store.sql
      .selectFrom("api_key")
      .innerJoin("person", "person.id", "api_key.person_id")
      .select(["person.id", "person.number", "person.name", "person.role", "person.tier"])
      .where("api_key.hash", "=", hash)
      .where("api_key.revoked_at", "is", null),
  );
  return person ?? null;
}
