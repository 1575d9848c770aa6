import type { Clock } from "@mainstay/sdk/clock";
import type { JournalEvent, LiveEvent } from "@mainstay/sdk/events";
import { z } from "zod";
import type { Admission } from "../../admission/admission.ts";
import type { Dispatch } from "../../dispatch/dispatch.ts";
import type { Journal } from "../../store/journal.ts";
import type { Live } from "../../turn/turn.ts";
import { Stopping } from "../../kernel/errors.ts";
import { endpoint, type Endpoint } from "../endpoint.ts";
import { eventStream, type EventSink } from "../sse.ts";
import type { TurnReader } from "../turn-reader.ts";
import { TurnId } from "./turns.ts";

const QUEUE_NEWS_MS = 2_000;

const ResumeHeaders = z.object({
  "last-event-id": z
    .string()
    .regex(/^\d{1,9}$/, "the number of an event")
    .optional(),
});

export interface EventRouteParts {
  readonly journal: Journal;
  readonly live: Live;
  readonly admission: Admission;
  readonly dispatch: Dispatch;
  readonly reader: TurnReader;
  readonly clock: Clock;
}

/**
 * `/v1/turns/{id}/events`: the journal, then what happens, until the turn has settled.
 *
 * 1. Every journal event after `Last-Event-ID` is sent once, in order, without a gap (J4): listening
 *    begins before the journal is read, and what arrives out of step is read from the journal.
 * 2. Live text follows the journal events that came before it.
 */
export function eventRoute(parts: EventRouteParts): Endpoint {
  const { journal, live, dispatch, reader, clock } = parts;
  return endpoint(
    {
      method: "get",
      path: "/v1/turns/{id}/events",
      summary: "What happens in a turn, as server-sent events; resumes by Last-Event-ID.",
      auth: "person",
      params: TurnId,
      headers: ResumeHeaders,
      responses: { 200: { description: "The events", media: "text/event-stream" } },
    },
    async ({ person, params, headers, connection }) => {
      await reader.own(person, params.id);
      const after = Number(headers["last-event-id"] ?? 0);
      return eventStream(clock, connection, async (sink) => {
        const settled = await follow(params.id, after, sink);
        const left = connection.signal.aborted && !(connection.signal.reason instanceof Stopping);
        if (!settled && left) await cancelIfWished(params.id);
      });
    },
  );

  /** @returns whether the turn settled; false when the stream ended before. */
  async function follow(turn_id: string, after: number, sink: EventSink): Promise<boolean> {
    let sent = after;
    let settled = false;
    let news = Promise.withResolvers<void>();
    const waiting: (JournalEvent | LiveEvent)[] = [];
    const push = (event: JournalEvent | LiveEvent) => {
      waiting.push(event);
      news.resolve();
    };
    const unsubscribe = [
      journal.subscribe((id, event) => id === turn_id && push(event)),
      live.subscribe(turn_id, push),
    ];
    const wake = () => news.resolve();
    sink.ended.addEventListener("abort", wake, { once: true });
    const stopQueueNews = tellQueue(turn_id, push);
    try {
      await replay();
      const snapshot = live.snapshot(turn_id);
      if (snapshot !== null && !settled) sink.send(snapshot);
      while (!settled && !sink.ended.aborted) {
        await news.promise;
        news = Promise.withResolvers();
        for (const event of waiting.splice(0)) await pass(event);
      }
    } finally {
      stopQueueNews();
      for (const each of unsubscribe) each();
    }
    return settled;

    async function pass(event: JournalEvent | LiveEvent): Promise<void> {
      if (!("seq" in event)) return sink.send(event);
      if (event.seq > sent + 1) return await replay();
      if (event.seq === sent + 1) sendJournaled(event);
    }

    async function replay(): Promise<void> {
      for (const event of await journal.read(turn_id, sent)) {
        await sink.room();
        sendJournaled(event);
      }
    }

    function sendJournaled(event: JournalEvent): void {
      sink.send(event, event.seq);
      sent = event.seq;
      settled ||= event.type === "settled";
    }
  }

  /** Tells a waiting turn's place whenever it has changed. */
  function tellQueue(turn_id: string, push: (event: LiveEvent) => void): () => void {
    let last = "";
    let cancel = () => {};
    let open = true;
    const look = async () => {
      // Where the store does not answer, the stream itself says so; this is only news.
      const place = await parts.admission.place(turn_id).catch(() => null);
      const text = JSON.stringify(place);
      if (place !== null && text !== last) push({ type: "queue", place });
      last = text;
      if (open && place !== null) cancel = clock.after(QUEUE_NEWS_MS, () => void look());
    };
    void look();
    return () => {
      open = false;
      cancel();
    };
  }

  async function cancelIfWished(turn_id: string): Promise<void> {
    const [accepted] = await journal.read(turn_id);
    if (accepted?.type === "accepted" && accepted.on_disconnect === "cancel")
      await dispatch.cancel(turn_id, "a dropped connection");
  }
}
