import { listOf, Session, SessionDetail } from "@mainstay/sdk/resources";
import { z } from "zod";
import { Refusal } from "../../kernel/errors.ts";
import { isoTime } from "../../kernel/time.ts";
import { sessionNotes } from "../../store/session-notes.ts";
import type { Store } from "../../store/store.ts";
import { endpoint, type Endpoint } from "../endpoint.ts";

const LIMIT = 100;

const SessionId = z.strictObject({ id: z.string().max(100) });

/** `/v1/sessions`: the person's conversations, the latest first. */
export function sessionRoutes(store: Store): Endpoint[] {
  const list = endpoint(
    {
      method: "get",
      path: "/v1/sessions",
      summary: `Your latest ${LIMIT} sessions.`,
      auth: "person",
      responses: { 200: { description: "The sessions", body: listOf(Session) } },
    },
    async ({ person }) => {
      const rows = await store.query(
        sessions(store, person.id).orderBy("session.last_turn_at", "desc").limit(LIMIT),
      );
      return { status: 200, body: { items: rows.map(resource), next: null } };
    },
  );

  const get = endpoint(
    {
      method: "get",
      path: "/v1/sessions/{id}",
      summary: "One session, with what happened in it between its turns.",
      auth: "person",
      params: SessionId,
      responses: { 200: { description: "The session", body: SessionDetail } },
    },
    async ({ person, params: { id } }) => {
      const rows = sessions(store, person.id).where("session.id", "=", id);
      const [row] = await store.query(rows);
      if (row === undefined) throw new Refusal("not_found", "There is no such session of yours.");
      const notes = await sessionNotes(store, id);
      const told = notes.map(({ at, ...note }) => ({ ...note, at: isoTime(at) }));
      return { status: 200, body: { ...resource(row), notes: told } };
    },
  );

  return [list, get];
}

const sessions = (store: Store, person_id: string) =>
  store.sql
    .selectFrom("session")
    .innerJoin("turn", "turn.session_id", "session.id")
    .select(["session.id", "session.workspace_id", "session.title"])
    .select(["session.created_at", "session.last_turn_at"])
    .select((of) => of.fn.count<number>("turn.id").as("turns"))
    .where("session.person_id", "=", person_id)
    .groupBy("session.id");

interface SessionRow extends Omit<Session, "created_at" | "last_turn_at"> {
  readonly created_at: number;
  readonly last_turn_at: number;
}

const resource = ({ created_at, last_turn_at, ...session }: SessionRow): Session => ({
  ...session,
  created_at: isoTime(created_at),
  last_turn_at: isoTime(last_turn_at),
});
