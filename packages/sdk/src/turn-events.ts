/**
 * The events of one turn over connections that break.
 *
 * E1. Journal events come in order, each once, whatever breaks: `last` moves only when one is given
 *     out, every connection starts after it, and what the server repeats is dropped.
 * E2. A gap in the numbers is an error, never skipped over.
 * E3. A connection that is silent for three keep-alives is dead.
 * E4. Reconnecting is bounded: the delay grows with full jitter while the journal does not move,
 *     and it gives up when nobody has answered for `GIVE_UP_MS`.
 */
import { z } from "zod";
import {
  type ByteReader,
  type Connection,
  isSuccess,
  parsed,
  ProblemError,
  ProtocolError,
  refusalOf,
  send,
  Unreachable,
} from "./call.ts";
import { type ClientEvent, JournalBody, LiveEvent } from "./events.ts";
import { createSseParser, SseOverflow } from "./sse.ts";

export interface EventsOptions {
  /** Only journal events after this number; 0 is from the start. */
  after?: number;
  /** Only look on: ending this stream never cancels the turn, whatever its `on_disconnect`. */
  watch?: boolean;
  /** Ends the iteration quietly. */
  signal?: AbortSignal;
  /** Told each time the connection is lost and will be tried again. */
  on_lost?: (cause: Error) => void;
}

export interface StreamConnection extends Connection {
  /** Uniform in [0, 1). */
  random: () => number;
}

const SILENCE_LIMIT_MS = 30_000;
const BACKOFF_BASE_MS = 100;
const BACKOFF_LIMIT_MS = 5_000;
const GIVE_UP_MS = 60_000;

/**
 * Ends after `settled`. Throws `ProblemError` where the server refuses for good, `Unreachable`
 * when it gives up, `ProtocolError` for events that are not of this API.
 */
export async function* turnEvents(
  connection: StreamConnection,
  turn_id: string,
  { after = 0, watch = false, signal, on_lost }: EventsOptions = {},
): AsyncGenerator<ClientEvent, void, void> {
  const backoff = createBackoff(connection);
  const path = `/v1/turns/${encodeURIComponent(turn_id)}/events${watch ? "?watch=1" : ""}`;
  let last = after;
  while (!signal?.aborted) {
    let lost: Error = new Unreachable("the stream ended before the turn");
    try {
      for await (const { seq, event } of oneConnection(connection, path, last, backoff, signal)) {
        if (seq !== undefined && seq <= last) continue;
        if (seq !== undefined) {
          if (seq !== last + 1)
            throw new ProtocolError(`event ${last + 1} of ${turn_id} is missing`);
          last = seq;
          backoff.progressed();
        }
        if (event) yield event;
        if (event?.type === "settled") return;
      }
    } catch (fault) {
      if (signal?.aborted) return;
      if (!isPassing(fault)) throw fault;
      lost = fault;
    }
    await backoff.wait(lost, signal, on_lost);
  }
}

interface Numbered {
  seq: number | undefined;
  /** Undefined where a newer server sent a type that this client does not know. */
  event: ClientEvent | undefined;
}

async function* oneConnection(
  connection: StreamConnection,
  path: string,
  last: number,
  backoff: Backoff,
  signal: AbortSignal | undefined,
): AsyncGenerator<Numbered, void, void> {
  const silence = watchSilence(connection);
  const response = await send(connection, path, {
    method: "GET",
    headers: { accept: "text/event-stream", "last-event-id": String(last) },
    signal: signal ? AbortSignal.any([signal, silence.signal]) : silence.signal,
  }).catch((fault: unknown) => {
    silence.end();
    throw fault;
  });
  try {
    if (!isSuccess(response.status)) throw refusalOf(response.status, await response.text());
    if (!response.body) throw new ProtocolError("the event stream has no body");
    const parser = createSseParser();
    for await (const bytes of chunksOf(response.body.getReader())) {
      silence.heard();
      backoff.answered();
      for (const { data } of parsedBytes(parser, bytes)) yield numbered(data);
    }
  } finally {
    silence.end();
  }
}

function watchSilence({ clock }: Connection) {
  const dead = new AbortController();
  const arm = () =>
    clock.after(SILENCE_LIMIT_MS, () => {
      dead.abort(new Error(`silent for ${SILENCE_LIMIT_MS / 1000} s`));
    });
  let disarm = arm();
  return {
    signal: dead.signal,
    heard() {
      disarm();
      disarm = arm();
    },
    end: () => disarm(),
  };
}

async function* chunksOf(reader: ByteReader): AsyncGenerator<Uint8Array, void, void> {
  try {
    for (;;) {
      const { done, value } = await reader.read().catch((cause: unknown) => {
        throw new Unreachable("the event stream broke", { cause });
      });
      if (done || !value) return;
      yield value;
    }
  } finally {
    // A reader that already failed rejects its cancel with the fault that was thrown above.
    await reader.cancel().catch(() => undefined);
  }
}

function parsedBytes(parser: ReturnType<typeof createSseParser>, bytes: Uint8Array) {
  try {
    return parser.push(bytes);
  } catch (fault) {
    if (fault instanceof SseOverflow) throw new ProtocolError(fault.message, { cause: fault });
    throw fault;
  }
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

type Backoff = ReturnType<typeof createBackoff>;

function createBackoff({ clock, random }: StreamConnection) {
  let failures = 0;
  let unanswered_since: number | undefined;
  return {
    answered: () => (unanswered_since = undefined),
    progressed: () => (failures = 0),
    async wait(cause: Error, signal?: AbortSignal, on_lost?: (cause: Error) => void) {
      unanswered_since ??= clock.monotonic();
      if (clock.monotonic() - unanswered_since >= GIVE_UP_MS) throw cause;
      on_lost?.(cause);
      const limit_ms = Math.min(BACKOFF_LIMIT_MS, BACKOFF_BASE_MS * 2 ** failures++);
      // An abort during the pause ends the iteration, as it does everywhere else.
      await clock.sleep(random() * limit_ms, signal).catch(() => undefined);
    },
  };
}

function isPassing(fault: unknown): fault is Error {
  if (fault instanceof ProblemError)
    return fault.problem.status >= 500 || fault.problem.status === 429;
  return fault instanceof Unreachable;
}
