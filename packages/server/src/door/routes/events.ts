import { z } from "zod";
import type { Dispatch } from "../../dispatch/dispatch.ts";
import { Stopping } from "../../kernel/errors.ts";
import { endpoint, type Endpoint } from "../endpoint.ts";
import { eventStream } from "../sse.ts";
import type { TurnReader } from "../turn-reader.ts";
import { followTurn, type TurnStreamParts } from "../turn-stream.ts";
import { TurnId } from "./turns.ts";

const ResumeHeaders = z.object({
  "last-event-id": z
    .string()
    .regex(/^\d{1,9}$/, "the number of an event")
    .optional(),
});

const EventsQuery = z.strictObject({
  watch: z
    .literal("1")
    .optional()
    .describe("only look on: leaving does not cancel the turn, whatever its on_disconnect"),
});

export interface EventRouteParts extends TurnStreamParts {
  readonly dispatch: Pick<Dispatch, "cancel">;
  readonly reader: Pick<TurnReader, "own">;
}

/**
 * `/v1/turns/{id}/events`: the journal, then what happens, until the turn has settled.
 *
 * A turn with `on_disconnect: "cancel"` is cancelled when the last of its open streams ends by the
 * client's leaving. A stream with `watch` is none of these: it never cancels and keeps nothing alive.
 */
export function eventRoute(parts: EventRouteParts): Endpoint {
  const { journal, dispatch, reader, clock } = parts;
  /** Open streams of a turn, without those that watch. */
  const open = new Map<string, number>();
  return endpoint(
    {
      method: "get",
      path: "/v1/turns/{id}/events",
      summary: "What happens in a turn, as server-sent events; resumes by Last-Event-ID.",
      auth: "person",
      params: TurnId,
      query: EventsQuery,
      headers: ResumeHeaders,
      responses: { 200: { description: "The events", media: "text/event-stream" } },
    },
    async ({ person, params: { id }, query, headers, connection }) => {
      await reader.own(person, id);
      const after = Number(headers["last-event-id"] ?? 0);
      // A damaged journal is a problem to be told; a stream that has begun could only be cut.
      await journal.read(id);
      return eventStream(clock, connection, async (sink) => {
        if (query.watch !== undefined) return void (await followTurn(parts, id, after, sink));
        open.set(id, (open.get(id) ?? 0) + 1);
        const settled = await followTurn(parts, id, after, sink).finally(() => close(id));
        const left = connection.signal.aborted && !(connection.signal.reason instanceof Stopping);
        if (!settled && left && !open.has(id)) await cancelIfWished(id);
      });
    },
  );

  function close(turn_id: string): void {
    const others = (open.get(turn_id) ?? 1) - 1;
    if (others === 0) open.delete(turn_id);
    else open.set(turn_id, others);
  }

  async function cancelIfWished(turn_id: string): Promise<void> {
    const [accepted] = await journal.read(turn_id);
    if (accepted?.type === "accepted" && accepted.on_disconnect === "cancel")
      await dispatch.cancel(turn_id, "a dropped connection");
  }
}
