import type { Guard, Statement, Store } from "./store.ts";
import type { Row } from "./schema.ts";

type State = Row<"turn">["state"];

/** A holder's right to write a turn: the session's lease and its number (J2). */
export interface Lease {
  readonly turn_id: string;
  readonly session_id: string;
  readonly fence: number;
  readonly holder: number;
}

/** Holds while nobody took the lease over. Goes with every write of a running turn. */
export function leaseGuard(store: Store, lease: Lease): Guard {
  return {
    name: "lease",
    expect: "some",
    query: store.sql
      .selectFrom("session")
      .select("id")
      .where("id", "=", lease.session_id)
      .where("fence", "=", lease.fence)
      .where("holder", "=", lease.holder)
      .compile(),
  };
}

/** Holds while the turn is in `state`. */
export function stateGuard(store: Store, turn_id: string, state: State): Guard {
  return {
    name: "state",
    expect: "some",
    query: store.sql
      .selectFrom("turn")
      .select("id")
      .where("id", "=", turn_id)
      .where("state", "=", state)
      .compile(),
  };
}

/** The turn waits for a seat again. */
export function requeueTurn(store: Store, turn_id: string, at: number): Statement {
  return store.sql
    .updateTable("turn")
    .set({ state: "queued", queued_at: at })
    .where("id", "=", turn_id)
    .compile();
}

/** The turn leaves its seat without an end: it waits for a person or for a model. */
export function suspendTurn(
  store: Store,
  lease: Lease,
  state: "awaiting_approval" | "parked",
): Statement[] {
  return [
    store.sql.updateTable("turn").set({ state }).where("id", "=", lease.turn_id).compile(),
    releaseSession(store, lease.session_id),
  ];
}

export function settleTurn(
  store: Store,
  turn_id: string,
  state: "done" | "failed" | "cancelled",
  at: number,
): Statement {
  return store.sql
    .updateTable("turn")
    .set({ state, settled_at: at })
    .where("id", "=", turn_id)
    .compile();
}

export function releaseSession(store: Store, session_id: string): Statement {
  return store.sql
    .updateTable("session")
    .set({ holder: null })
    .where("id", "=", session_id)
    .compile();
}
