/**
 * The events of one turn over connections that break.
 *
 * E1. Journal events come in order, each once, whatever breaks: `last` moves only when one is given
 *     out, every connection starts after it, and what the server repeats is dropped.
 * E2. A gap in the numbers is an error, never skipped over.
 * E3. A connection that is silent for three keep-alives is dead.
 * E4. Reconnecting is bounded: the pauses grow while the journal does not move, and it gives up
 *     when nobody answers any more.
 * E5. A stream that ends without news is asked about: a turn that had settled before is over.
 * E6. No turn ends quietly: where its journal was damaged, and so ends before what was seen of it,
 *     that end is given out whatever its number, or thrown where the stream does not tell it.
 */
import { z } from "zod";
import { call, type Connection, parsed, ProblemError, ProtocolError, Unreachable } from "./call.ts";
import { type StreamConnection, streamOnce } from "./event-stream.ts";
import { type ClientEvent, JournalBody, LiveEvent } from "./events.ts";
import { createPatience, isAway, type Outage, type Patience } from "./outage.ts";
import { isSettled, Turn } from "./turn.ts";

/** `signal` ends the iteration quietly. */
export interface EventsOptions extends Outage {
  /** Only journal events after this number; 0 is from the start. */
  after?: number;
  /** Only look on: ending this stream never cancels the turn, whatever its `on_disconnect`. */
  watch?: boolean;
}

/**
 * Ends after `settled`. Throws `ProblemError` where the server refuses for good, or the end cannot be
 * told because the journal is damaged, `Unreachable` when it gives up, `ProtocolError` for events that are not of this API.
 */
export async function* turnEvents(
  connection: StreamConnection,
  turn_id: string,
  { after = 0, watch = false, ...outage }: EventsOptions = {},
): AsyncGenerator<ClientEvent, void, void> {
  const { signal } = outage;
  const patience = createPatience(connection, outage);
  const path = turnPath(turn_id);
  let last = after;
  while (!signal?.aborted) {
    let lost: Error = new Unreachable("the stream ended before the turn");
    const before = last;
    try {
      const stream = `${path}/events${watch ? "?watch=1" : ""}`;
      for await (const { seq, event } of oneConnection(
        connection,
        stream,
        last,
        patience,
        signal,
      )) {
        const is_news = seq === undefined || seq > last;
        if (is_news && seq !== undefined) {
          last = following(last, seq, turn_id);
          patience.progressed();
        }
        if (event && (is_news || isLateEnd(event, last))) yield event;
        if (event?.type === "settled") return;
      }
      if (last === before && (await isOver(connection, path, last))) return;
    } catch (fault) {
      if (signal?.aborted) return;
      if (!isPassing(fault)) throw fault;
      lost = fault;
    }
    await patience.wait(lost);
  }
}

const turnPath = (turn_id: string) => `/v1/turns/${encodeURIComponent(turn_id)}`;

function following(last: number, seq: number, turn_id: string): number {
  if (seq === last + 1) return seq;
  throw new ProtocolError(`event ${last + 1} of ${turn_id} is missing`);
}

/** Nothing comes after an end: who has seen more has not seen this one. Damage may end a turn anywhere. */
const isLateEnd = (event: ClientEvent, last: number): boolean =>
  event.type === "settled" && (event.seq < last || event.error?.code === "journal_damaged");

async function isOver(connection: Connection, path: string, last: number): Promise<boolean> {
  const { state, error, last_event } = await call(connection, {
    method: "GET",
    path,
    answer: Turn,
  });
  const is_over = isSettled(state) && last_event <= last;
  if (is_over && error?.code === "journal_damaged") throw damaged(error.message);
  return is_over;
}

const damaged = (detail: string): ProblemError =>
  new ProblemError({
    type: "urn:mainstay:problem:journal_damaged",
    title: "The record of the turn is damaged",
    status: 500,
    code: "journal_damaged",
    detail,
  });

interface Numbered {
  seq: number | undefined;
  /** Undefined where a newer server sent a type that this client does not know. */
  event: ClientEvent | undefined;
}

async function* oneConnection(
  connection: StreamConnection,
  path: string,
  last: number,
  patience: Patience,
  signal: AbortSignal | undefined,
): AsyncGenerator<Numbered, void, void> {
  const headers = { "last-event-id": String(last) };
  for await (const data of streamOnce(connection, path, headers, patience, signal))
    yield numbered(data);
}

const Envelope = z.object({ type: z.string(), seq: z.int().positive().optional() });
const JournalEvent = z.intersection(z.object({ seq: z.int(), at: z.number() }), JournalBody);
const journal_types = typesOf(JournalBody.options);
const live_types = typesOf(LiveEvent.options);

function typesOf(options: readonly { shape: { type: z.ZodLiteral<string> } }[]): Set<string> {
  return new Set(options.map(({ shape }) => shape.type.value));
}

function numbered(data: string): Numbered {
  const { type, seq } = parsed(Envelope, data, "an event");
  if (journal_types.has(type)) return { seq, event: parsed(JournalEvent, data, `event ${type}`) };
  if (live_types.has(type)) return { seq, event: parsed(LiveEvent, data, `event ${type}`) };
  return { seq, event: undefined };
}

/** What a server fails at may pass; what it refuses, and a damaged journal, is so for good. */
function isPassing(fault: unknown): fault is Error {
  if (!(fault instanceof ProblemError)) return isAway(fault);
  const { status, code } = fault.problem;
  return status === 429 || (status >= 500 && code !== "journal_damaged");
}
