import { auditVoid, type VoidCause } from "./audit-log.ts";
import { prepared } from "./prepared.ts";
import type { Row } from "./schema.ts";
import type { Guard, Statement, Store } from "./store.ts";

type State = Row<"turn">["state"];

/** A holder's right to write a turn: the session's lease and its number (J2). */
export interface Lease {
  readonly turn_id: string;
  readonly session_id: string;
  readonly fence: number;
  readonly holder: number;
}

const leaseHeld = prepared<Lease>((sql, slot) =>
  sql
    .selectFrom("session")
    .select("id")
    .where("id", "=", slot("session_id"))
    .where("fence", "=", slot("fence"))
    .where("holder", "=", slot("holder")),
);

/** Holds while nobody took the lease over. Goes with every write of a running turn. */
export const leaseGuard = (store: Store, lease: Lease): Guard => ({
  name: "lease",
  expect: "some",
  query: leaseHeld(store, lease),
});

const inState = prepared<{ turn_id: string; state: State }>((sql, slot) =>
  sql
    .selectFrom("turn")
    .select("id")
    .where("id", "=", slot("turn_id"))
    .where("state", "=", slot("state")),
);

/** Holds while the turn is in `state`. */
export const stateGuard = (store: Store, turn_id: string, state: State): Guard => ({
  name: "state",
  expect: "some",
  query: inState(store, { turn_id, state }),
});

const cancelWish = prepared<{ turn_id: string }>((sql, slot) =>
  sql
    .selectFrom("journal")
    .select("seq")
    .where("turn_id", "=", slot("turn_id"))
    .where("type", "=", "cancel_requested"),
);

/** Holds while nobody wants the turn cancelled. */
export const notCancelledGuard = (store: Store, turn_id: string): Guard => ({
  name: "cancelled",
  expect: "none",
  query: cancelWish(store, { turn_id }),
});

/** The turn waits for a seat again. */
export function requeueTurn(
  store: Store,
  turn_id: string,
  at: number,
  by: Row<"turn">["queued_by"],
): Statement {
  return store.sql
    .updateTable("turn")
    .set({ state: "queued", queued_at: at, queued_by: by })
    .where("id", "=", turn_id)
    .compile();
}

const setState = prepared<{ turn_id: string; state: State }>((sql, slot) =>
  sql
    .updateTable("turn")
    .set({ state: slot("state") })
    .where("id", "=", slot("turn_id")),
);

/** The turn has a seat. */
export const seatTurn = (store: Store, turn_id: string): Statement =>
  setState(store, { turn_id, state: "running" });

/** The turn leaves its seat without an end: it waits for a person or for a model. */
export const suspendTurn = (
  store: Store,
  { turn_id, session_id }: Lease,
  state: "awaiting_approval" | "parked",
): Statement[] => [setState(store, { turn_id, state }), releaseSession(store, session_id)];

const setSettled = prepared<{ turn_id: string; state: State; at: number }>((sql, slot) =>
  sql
    .updateTable("turn")
    .set({ state: slot("state"), settled_at: slot("at") })
    .where("id", "=", slot("turn_id")),
);

export const settleTurn = (
  store: Store,
  turn_id: string,
  state: "done" | "failed" | "cancelled",
  at: number,
): Statement => setSettled(store, { turn_id, state, at });

/** The turn ends because only the first `damaged_after` events of its journal can be believed. */
export const endTurnDamaged = (
  store: Store,
  turn_id: string,
  damaged_after: number,
  at: number,
): Statement =>
  store.sql
    .updateTable("turn")
    .set({ state: "failed", settled_at: at, damaged_after })
    .where("id", "=", turn_id)
    .compile();

/** The turn ends and its session is free for the next. */
export const endTurn = (
  store: Store,
  { turn_id, session_id }: Lease,
  state: "done" | "failed" | "cancelled",
  at: number,
): Statement[] => [settleTurn(store, turn_id, state, at), releaseSession(store, session_id)];

const setHolder = prepared<{ session_id: string; fence: number; holder: number }>((sql, slot) =>
  sql
    .updateTable("session")
    .set({ fence: slot("fence"), holder: slot("holder") })
    .where("id", "=", slot("session_id")),
);

/** The session's lease goes to the holder of `lease`. */
export const takeSession = (store: Store, { session_id, fence, holder }: Lease): Statement =>
  setHolder(store, { session_id, fence, holder });

const clearHolder = prepared<{ session_id: string }>((sql, slot) =>
  sql.updateTable("session").set({ holder: null }).where("id", "=", slot("session_id")),
);

/** Nobody needs to decide any more what a turn asked; at most one approval of a turn is pending. */
export const closeApprovals = (
  store: Store,
  turn_id: string,
  at: number,
  cause: VoidCause,
): Statement[] => [
  auditVoid(store, { turn_id, at, cause }),
  store.sql
    .updateTable("approval")
    .set({ state: "denied", decided_at: at, decided_by: null })
    .where("turn_id", "=", turn_id)
    .where("state", "=", "pending")
    .compile(),
];

const releaseSession = (store: Store, session_id: string): Statement =>
  clearHolder(store, { session_id });

/** Nothing waits for a turn any more that ends without having got on. */
export const abandonTurn = (
  store: Store,
  { turn_id, session_id }: Pick<Lease, "turn_id" | "session_id">,
  at: number,
): Statement[] => [
  releaseSession(store, session_id),
  ...closeApprovals(store, turn_id, at, "damaged"),
];
