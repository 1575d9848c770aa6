import { createHash } from "node:crypto";
import type { Clock } from "@mainstay/sdk/clock";
import type { NewTurn } from "@mainstay/sdk/turn";
import canonicalize from "canonicalize";
import { sql } from "kysely";
import type { Person, Workspaces } from "../identity/identity.ts";
import { Refusal, refusePaused } from "../kernel/errors.ts";
import type { NewId } from "../kernel/ids.ts";
import type { Limits } from "../kernel/limits.ts";
import type { PauseBoard } from "../kernel/pause.ts";
import type { TurnWorkspace } from "../kernel/workspace.ts";
import type { Journal } from "../store/journal.ts";
import { prepared } from "../store/prepared.ts";
import { type Guard, refuseFaulted, type Statement, type Store } from "../store/store.ts";

const TITLE_CHARS = 80;
const RETRY_AFTER_S = 5;

export interface Accepted {
  readonly turn_id: string;
  /** False when the idempotency key had made this turn before. */
  readonly created: boolean;
}

/**
 * Takes a turn in, durably, or refuses with a reason. The same key and body give the same turn
 * however many ask at once.
 *
 * @throws Refusal `idempotency_conflict`, `paused`, `queue_full`, `too_many_waiting`, `not_found`, and what
 * `refuseNew` says; StoreFault. Both before anything is done.
 */
export type Accept = (
  person: Person,
  input: NewTurn,
  idempotency_key: string | null,
) => Promise<Accepted>;

export interface AcceptanceParts {
  readonly store: Store;
  readonly journal: Journal;
  readonly workspaces: Workspaces;
  readonly clock: Clock;
  readonly newId: NewId;
  readonly limits: Limits;
  /** Why nobody may ask for anything new at this time; null when they may. */
  readonly refuseNew: () => Refusal | null;
  readonly pauses: Pick<PauseBoard, "person">;
}

/** Idempotency key, session, turn and first event are one batch: all of them or none. */
export function createAcceptance(parts: AcceptanceParts): Accept {
  const { store, journal, workspaces, clock, newId, limits, refuseNew } = parts;

  async function accept(person: Person, input: NewTurn, key: string | null): Promise<Accepted> {
    const body_hash = createHash("sha256").update(canonicalize(input)!).digest("hex");
    const known = key === null ? null : await earlier(person, key, body_hash);
    if (known !== null) return known;
    refuseFaulted(store.status());
    refusePaused(parts.pauses.person(person.id));
    const refusal = refuseNew();
    if (refusal !== null) throw refusal;

    const session = await sessionFor(person, input);
    const turn_id = newId("turn");
    const commit = await journal.commit(
      {
        guards: queueBounds(person),
        writes: [
          ...session.writes,
          insertTurn(turn_id, person, session.id, session.workspace, input),
          ...(key === null ? [] : [rememberKey(person, key, body_hash, turn_id)]),
        ],
      },
      [{ turn_id, body: acceptedBody(session.id, session.workspace, input) }],
    );
    if (commit.committed) return { turn_id, created: true };
    const twin = key === null ? null : await earlier(person, key, body_hash);
    if (twin !== null) return twin;
    throw refusalFor(commit.guard);
  }

  async function earlier(person: Person, key: string, body_hash: string): Promise<Accepted | null> {
    const [row] = await store.query(
      store.sql
        .selectFrom("idempotency")
        .select(["turn_id", "body_hash"])
        .where("person_id", "=", person.id)
        .where("key", "=", key),
    );
    if (row === undefined) return null;
    if (row.body_hash !== body_hash)
      throw new Refusal(
        "idempotency_conflict",
        "This Idempotency-Key was used with another body. Send a new key for a new request.",
      );
    return { turn_id: row.turn_id, created: false };
  }

  async function sessionFor(person: Person, input: NewTurn): Promise<SessionPlan> {
    if (input.session_id === undefined) return newSession(person, input);
    const [session] = await store.query(
      store.sql
        .selectFrom("session")
        .select(["id", "workspace_id"])
        .where("id", "=", input.session_id)
        .where("person_id", "=", person.id),
    );
    if (session === undefined)
      throw new Refusal("not_found", `You have no session ${JSON.stringify(input.session_id)}.`);
    const workspace = await workspaces.resolve(person, input.workspace ?? session.workspace_id);
    if (workspace.id !== session.workspace_id)
      throw new Refusal(
        "invalid_request",
        "A session stays in one workspace. Leave out `workspace`, or start a new session.",
      );
    return { id: session.id, workspace, writes: [touchSession(session.id)] };
  }

  async function newSession(person: Person, input: NewTurn): Promise<SessionPlan> {
    const workspace = await workspaces.resolve(person, input.workspace);
    const id = newId("ses");
    const now = clock.now();
    const insert = store.sql
      .insertInto("session")
      .values({
        id,
        person_id: person.id,
        workspace_id: workspace.id,
        title: titleOf(input.message),
        created_at: now,
        last_turn_at: now,
        fence: 0,
        holder: null,
      })
      .compile();
    return { id, workspace, writes: [insert] };
  }

  const queueBounds = (person: Person): Guard[] => [
    {
      name: "queue_full",
      expect: "none",
      query: waitingAtLeast(store, { count: limits.waiting_turns }),
    },
    {
      name: "too_many_waiting",
      expect: "none",
      query: ownWaitingAtLeast(store, {
        person_id: person.id,
        count: limits.waiting_turns_a_person,
      }),
    },
  ];

  function rememberKey(person: Person, key: string, body_hash: string, turn_id: string): Statement {
    return store.sql
      .insertInto("idempotency")
      .values({ person_id: person.id, key, body_hash, turn_id, created_at: clock.now() })
      .compile();
  }

  function touchSession(session_id: string): Statement {
    return store.sql
      .updateTable("session")
      .set({ last_turn_at: clock.now() })
      .where("id", "=", session_id)
      .compile();
  }

  function insertTurn(
    turn_id: string,
    person: Person,
    session_id: string,
    workspace: TurnWorkspace,
    input: NewTurn,
  ): Statement {
    const now = clock.now();
    return store.sql
      .insertInto("turn")
      .values({
        id: turn_id,
        session_id,
        person_id: person.id,
        workspace_id: workspace.id,
        state: "queued",
        urgency: input.urgency ?? "interactive",
        ordinal: sql<number>`(select coalesce(max(ordinal), 0) + 1 from turn)`,
        queued_at: now,
        queued_by: "acceptance",
        created_at: now,
        settled_at: null,
      })
      .compile();
  }

  return accept;
}

const waitingAtLeast = prepared<{ count: number }>((db, slot) =>
  db
    .selectFrom("turn")
    .select("state")
    .where("state", "=", "queued")
    .groupBy("state")
    .having(sql<boolean>`count(*) >= ${slot("count")}`),
);

const ownWaitingAtLeast = prepared<{ person_id: string; count: number }>((db, slot) =>
  db
    .selectFrom("turn")
    .select("state")
    .where("state", "=", "queued")
    .where("person_id", "=", slot("person_id"))
    .groupBy("state")
    .having(sql<boolean>`count(*) >= ${slot("count")}`),
);

interface SessionPlan {
  readonly id: string;
  readonly workspace: TurnWorkspace;
  readonly writes: readonly Statement[];
}

const titleOf = (message: string): string =>
  message.trim().split("\n", 1)[0]!.slice(0, TITLE_CHARS).toWellFormed();

function acceptedBody(session_id: string, workspace: TurnWorkspace, input: NewTurn) {
  return {
    type: "accepted" as const,
    message: input.message,
    urgency: input.urgency ?? ("interactive" as const),
    session_id,
    workspace_id: workspace.id,
    model: input.model ?? null,
    on_disconnect: input.on_disconnect ?? ("detach" as const),
  };
}

function refusalFor(guard: string): Error {
  switch (guard) {
    case "queue_full":
      return new Refusal("queue_full", "Too many turns are waiting. Nothing was taken in.", {
        retry_after_s: RETRY_AFTER_S,
      });
    case "too_many_waiting":
      return new Refusal("too_many_waiting", "Too many of your turns are waiting already.", {
        retry_after_s: RETRY_AFTER_S,
      });
    default:
      return new Error(`accepting a turn failed at guard ${guard}`);
  }
}
