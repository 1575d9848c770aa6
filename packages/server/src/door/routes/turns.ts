import { TurnChanges } from "@mainstay/sdk/changes";
import type { Clock } from "@mainstay/sdk/clock";
import { isSettled, NewTurn, Turn, TurnState } from "@mainstay/sdk/turn";
import { listOf } from "@mainstay/sdk/resources";
import { z } from "zod";
import type { Admission } from "../../admission/admission.ts";
import type { Dispatch } from "../../dispatch/dispatch.ts";
import { endpoint, type Connection, type Endpoint } from "../endpoint.ts";
import type { TurnReader } from "../turn-reader.ts";

const WAIT_LIMIT_S = 600;
const PAGE = 50;

export const TurnId = z.strictObject({ id: z.string().max(100) });

const NewTurnHeaders = z.object({
  "idempotency-key": z.string().min(1).max(255).optional(),
  prefer: z.string().max(200).optional(),
});

const TurnsQuery = z.strictObject({
  state: TurnState.optional(),
  before: z.string().max(100).optional(),
  limit: z.coerce.number().int().min(1).max(PAGE).optional(),
});

export interface TurnRouteParts {
  readonly admission: Admission;
  readonly dispatch: Dispatch;
  readonly reader: TurnReader;
  readonly clock: Clock;
}

/** `/v1/turns`: ask, look, decide. */
export function turnRoutes({ admission, dispatch, reader, clock }: TurnRouteParts): Endpoint[] {
  const create = endpoint(
    {
      method: "post",
      path: "/v1/turns",
      summary: "Ask for something. Accepted durably before the answer comes.",
      auth: "person",
      body: NewTurn,
      headers: NewTurnHeaders,
      responses: {
        201: { description: "Settled or parked within the wait", body: Turn },
        202: { description: "Accepted", body: Turn },
      },
    },
    async ({ person, body, headers, connection }) => {
      const { turn_id } = await admission.accept(person, body, headers["idempotency-key"] ?? null);
      const wait_s = waitOf(headers.prefer);
      const turn =
        wait_s === 0 ? await reader.get(turn_id) : await wait(turn_id, wait_s, connection);
      if (connection.signal.aborted && body.on_disconnect === "cancel" && !isSettled(turn.state))
        await dispatch.cancel(turn_id, "a dropped connection");
      return { status: isDone(turn) ? 201 : 202, body: turn };
    },
  );

  async function wait(turn_id: string, wait_s: number, connection: Connection): Promise<Turn> {
    const time = new AbortController();
    const disarm = clock.after(wait_s * 1000, () => time.abort());
    try {
      return await reader.atRest(turn_id, AbortSignal.any([time.signal, connection.signal]));
    } finally {
      disarm();
    }
  }

  const list = endpoint(
    {
      method: "get",
      path: "/v1/turns",
      summary: "Your turns, newest first.",
      auth: "person",
      query: TurnsQuery,
      responses: { 200: { description: "A page", body: listOf(Turn) } },
    },
    async ({ person, query }) => {
      const { state, before, limit = PAGE } = query;
      return { status: 200, body: await reader.list(person, { state, before, limit }) };
    },
  );

  const get = endpoint(
    {
      method: "get",
      path: "/v1/turns/{id}",
      summary: "One turn.",
      auth: "person",
      params: TurnId,
      responses: { 200: { description: "The turn", body: Turn } },
    },
    async ({ person, params }) => {
      await reader.own(person, params.id);
      return { status: 200, body: await reader.get(params.id) };
    },
  );

  const changes = endpoint(
    {
      method: "get",
      path: "/v1/turns/{id}/changes",
      summary: "What a turn changed in its workspace, by its edits and its commands.",
      auth: "person",
      params: TurnId,
      responses: { 200: { description: "Files before and after", body: TurnChanges } },
    },
    async ({ person, params }) => {
      await reader.own(person, params.id);
      return { status: 200, body: await reader.changes(params.id) };
    },
  );

  const decision = (
    verb: "cancel" | "retry" | "accept",
    summary: string,
    decide: (turn_id: string, by: string) => Promise<void>,
  ) =>
    endpoint(
      {
        method: "post",
        path: `/v1/turns/{id}/${verb}`,
        summary,
        auth: "person",
        params: TurnId,
        responses: { 202: { description: "Decided; the turn as it stands", body: Turn } },
      },
      async ({ person, params }) => {
        await reader.own(person, params.id);
        await decide(params.id, person.name);
        return { status: 202, body: await reader.get(params.id) };
      },
    );

  return [
    create,
    list,
    get,
    changes,
    decision("cancel", "End the turn as soon as what runs has stopped.", dispatch.cancel),
    decision("retry", "Ask the models again for a parked turn.", dispatch.retry),
    decision("accept", "Let a parked turn's provisional answer stand.", dispatch.acceptAnswer),
  ];
}

const isDone = (turn: Turn): boolean => isSettled(turn.state) || turn.state === "parked";

/** Seconds of `Prefer: wait=N` (RFC 7240); 0 without one. */
function waitOf(prefer: string | undefined): number {
  const wait = /(?:^|[,;\s])wait=(\d{1,6})(?:$|[,;\s])/i.exec(prefer ?? "");
  return Math.min(Number(wait?.[1] ?? 0), WAIT_LIMIT_S);
}
