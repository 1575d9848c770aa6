import type { Clock } from "@mainstay/sdk/clock";
import type { Connection, EventStream } from "./endpoint.ts";

// Invariants
// S1 What is sent stands in the stream in order, or the stream has ended: no gaps.
// S2 The buffer is bounded: a client that does not keep up is cut off and resumes by Last-Event-ID.
// S3 After the end nothing is sent, no timer runs, and `ended` is aborted.
// S4 A stream ends within a second after its key was revoked.

const KEEP_ALIVE_MS = 10_000;
const RECHECK_MS = 400;
/** Above this `room` waits. */
const COMFORTABLE_BYTES = 65_536;
/** Above this the client is cut off. A replay waits for `room`; live events are small. */
const BUFFER_BYTES = 1_048_576;
/** Keep-alives in a row at which the client had taken nothing of what waits for it. */
const STALLED_TICKS = 3;

export interface EventSink {
  /** Sends `data` as JSON. Only an event with an `id` moves the place from which a client resumes. */
  send(data: unknown, id?: number): void;
  /** Resolves when the client has taken enough, or the stream has ended: to be awaited in a replay. */
  room(): Promise<void>;
  /** Aborted at the stream's end, whoever ended it. */
  readonly ended: AbortSignal;
}

/**
 * An answer of server-sent events that `produce` fills. It ends when `produce` returns, the client
 * leaves, its key is revoked, or the server stops. What `produce` throws cuts the connection; the
 * reason of `ended` is no fault.
 */
export function eventStream(
  clock: Clock,
  connection: Connection,
  produce: (sink: EventSink) => Promise<void>,
): EventStream {
  const buffer = createBuffer();
  const { ended } = buffer;
  const sink: EventSink = {
    send(data, id) {
      buffer.write(`${id === undefined ? "" : `id: ${id}\n`}data: ${JSON.stringify(data)}\n\n`);
      if (buffer.waiting_bytes() > BUFFER_BYTES) cut();
    },
    room: buffer.room,
    ended,
  };

  function cut(error?: unknown) {
    buffer.end();
    connection.cut(error);
  }

  async function keepAlive() {
    let stalled_ticks = 0;
    let taken_bytes = 0;
    while (stalled_ticks < STALLED_TICKS) {
      await clock.sleep(KEEP_ALIVE_MS, ended);
      const isStalled = buffer.waiting_bytes() > 0 && buffer.taken_bytes() === taken_bytes;
      stalled_ticks = isStalled ? stalled_ticks + 1 : 0;
      taken_bytes = buffer.taken_bytes();
      buffer.write(": keep-alive\n\n");
    }
    cut();
  }

  async function recheck() {
    while (await connection.authorized()) await clock.sleep(RECHECK_MS, ended);
    buffer.end();
  }

  const fail = (error: unknown) => {
    if (error !== ended.reason) cut(error);
  };
  if (connection.signal.aborted) buffer.end();
  connection.signal.addEventListener("abort", buffer.end, { once: true, signal: ended });
  produce(sink).then(buffer.end, fail);
  keepAlive().catch(fail);
  recheck().catch(fail);
  return { events: buffer.stream };
}

/** A byte stream that is written to at any pace and tells how far its reader is behind. */
function createBuffer() {
  const encoder = new TextEncoder();
  const end = new AbortController();
  let pulled = Promise.withResolvers<void>();
  let sent_bytes = 0;
  let controller!: ReadableStreamDefaultController<Uint8Array>;

  const stream = new ReadableStream<Uint8Array>(
    {
      start: (own) => void (controller = own),
      pull: wake,
      cancel: () => finish(() => {}),
    },
    new ByteLengthQueuingStrategy({ highWaterMark: COMFORTABLE_BYTES }),
  );

  function wake() {
    pulled.resolve();
    pulled = Promise.withResolvers();
  }

  function finish(close: () => void) {
    if (end.signal.aborted) return;
    close();
    end.abort();
    wake();
  }

  const waiting_bytes = () =>
    end.signal.aborted ? 0 : COMFORTABLE_BYTES - (controller.desiredSize ?? COMFORTABLE_BYTES);

  return {
    stream,
    ended: end.signal,
    end: () => finish(() => controller.close()),
    waiting_bytes,
    taken_bytes: () => sent_bytes - waiting_bytes(),
    write(text: string) {
      if (end.signal.aborted) return;
      const bytes = encoder.encode(text);
      sent_bytes += bytes.length;
      controller.enqueue(bytes);
    },
    async room() {
      while (waiting_bytes() >= COMFORTABLE_BYTES) await pulled.promise;
    },
  };
}
