import { appendEvent } from "../../src/store/journal.ts";
import type { Batch, Statement, Store } from "../../src/store/store.ts";

/** The rows that others refer to: one person, one workspace, one session, and turns in it. */
export const AT = 1_700_000_000_000;

export async function populate(store: Store, turns = 1): Promise<void> {
  await store.commit({
    writes: [
      store.sql
        .insertInto("person")
        .values({ id: "p", number: 1, name: "Ann", role: "admin", tier: "pro", created_at: AT })
        .compile(),
      store.sql
        .insertInto("workspace")
        .values({
          id: "w",
          person_id: "p",
          path: "/srv/project",
          ino: "1",
          owner_uid: 0,
          is_private: 0,
          trusted: 0,
          created_at: AT,
        })
        .compile(),
      newSession(store, "s"),
      ...Array.from({ length: turns }, (_, i) => newTurn(store, i + 1)),
    ],
  });
}

export const newSession = (store: Store, id: string): Statement =>
  store.sql
    .insertInto("session")
    .values({
      id,
      person_id: "p",
      workspace_id: "w",
      title: "",
      created_at: AT,
      last_turn_at: AT,
      holder: null,
    })
    .compile();

export const newTurn = (store: Store, ordinal: number): Statement =>
  store.sql
    .insertInto("turn")
    .values({
      id: `t${ordinal}`,
      session_id: "s",
      person_id: "p",
      workspace_id: "w",
      state: "queued",
      urgency: "interactive",
      ordinal,
      queued_at: AT,
      queued_by: "acceptance",
      created_at: AT,
      settled_at: null,
    })
    .compile();

/** An event whose `by` tells it from the others. */
export const note = (store: Store, turn_id: string, by: string): Statement =>
  appendEvent(store, turn_id, AT, { type: "cancel_requested", by });

export const noteBatch = (store: Store, turn_id: string, by: string): Batch => ({
  writes: [note(store, turn_id, by)],
});
