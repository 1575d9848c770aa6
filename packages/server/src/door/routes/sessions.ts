import { listOf, Session } from "@mainstay/sdk/resources";
import { isoTime } from "../../kernel/time.ts";
import type { Store } from "../../store/store.ts";
import { endpoint, type Endpoint } from "../endpoint.ts";

const LIMIT = 100;

/** `/v1/sessions`: the person's conversations, the latest first. */
export const sessionsRoute = (store: Store): Endpoint =>
  endpoint(
    {
      method: "get",
      path: "/v1/sessions",
      summary: `Your latest ${LIMIT} sessions.`,
      auth: "person",
      responses: { 200: { description: "The sessions", body: listOf(Session) } },
    },
    async ({ person }) => {
      const rows = await store.query(
        store.sql
          .selectFrom("session")
          .innerJoin("turn", "turn.session_id", "session.id")
          .select(["session.id", "session.workspace_id", "session.title"])
          .select(["session.created_at", "session.last_turn_at"])
          .select((of) => of.fn.count<number>("turn.id").as("turns"))
          .where("session.person_id", "=", person.id)
          .groupBy("session.id")
          .orderBy("session.last_turn_at", "desc")
          .limit(LIMIT),
      );
      const items = rows.map(({ created_at, last_turn_at, ...session }) => ({
        ...session,
        created_at: isoTime(created_at),
        last_turn_at: isoTime(last_turn_at),
      }));
      return { status: 200, body: { items, next: null } };
    },
  );
