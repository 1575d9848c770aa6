/**
 * The one way out to providers.
 *
 * 1. One request is one attempt on the wire: no retry, no redirect (a key must not follow one), no
 *    proxy that the environment names.
 * 2. An abort destroys the socket at once, also before the answer's head.
 * 3. What is kept is bounded: the body of an error, one of JSON, and one event of a stream.
 * 4. Who answers is waited for without end: deadlines are the attempt's. Only connecting has its own.
 * 5. No answer, however odd, throws in a handler: undici would let it end the process.
 */
import type { Clock } from "@mainstay/sdk/clock";
import { Agent, buildConnector, type Dispatcher } from "undici";
import { type BadBody, createJsonGuard } from "./body-guard.ts";
import { createEventGuard } from "./event-guard.ts";
import { type Answer, WireFault } from "./wire-fault.ts";

const CONNECT_MS = 5_000;
const ERROR_BODY_LIMIT_BYTES = 64 * 1024;
/** What may wait for a slow reader before the socket is paused. */
const WAITING_LIMIT_BYTES = 256 * 1024;

/** How long a connection may stay open after its stream said that it is done; then it is closed. */
const LINGER_MS = 1_000;

/** What a request's answer has to be. */
export type Expected =
  | { readonly kind: "events"; readonly clock: Pick<Clock, "after"> }
  | { readonly kind: "json" };
type Fetch = typeof globalThis.fetch;
type Where = Parameters<Fetch>[0];

/** A `fetch` for what is expected of its answers. */
export type ProviderFetch = (expected: Expected) => Fetch;

/** Whether a new connection to this port may be used: null, or in words what is against it. */
export type Vet = (port: number) => string | null;
export const anybody: Vet = () => null;

/** Makes `fetch` for one provider; all that it makes share sockets. */
export function createFetch(vet: Vet = anybody): ProviderFetch {
  const agent = new Agent({
    connect: connector(vet),
    headersTimeout: 0,
    bodyTimeout: 0,
    allowH2: false,
  });
  return (expected) => (input, init) => ask(agent, input, init ?? {}, expected);
}

/** Vetted when it stands and before a byte is sent: who listened earlier may have gone. */
function connector(vet: Vet): buildConnector.connector {
  const connect = buildConnector({ timeout: CONNECT_MS, allowH2: false });
  return (options, callback) =>
    connect(options, (error, socket) => {
      if (error !== null) return callback(error, null);
      const why = vet(Number(options.port));
      if (why === null) return callback(null, socket);
      socket.destroy();
      callback(new Error(why), null);
    });
}

function ask(
  agent: Agent,
  input: Where,
  { method = "GET", headers, body, signal }: RequestInit,
  expected: Expected,
): Promise<Response> {
  signal?.throwIfAborted();
  const { origin, pathname, search } = new URL(input instanceof Request ? input.url : input);
  const answer = Promise.withResolvers<Response>();
  const exchange = createExchange(answer, expected, signal ?? null);
  agent.dispatch(
    {
      origin,
      path: pathname + search,
      method: method as Dispatcher.HttpMethod,
      headers: { ...plain(headers), "accept-encoding": "identity" },
      body: typeof body === "string" ? body : null,
    },
    exchange,
  );
  return answer.promise;
}

const plain = (headers: RequestInit["headers"]): Record<string, string> =>
  Object.fromEntries(new globalThis.Headers(headers ?? {}));

type Handler = Dispatcher.DispatchHandler;
type Controller = Dispatcher.DispatchController;

/** Turns what the socket tells into a response; whatever happens, the answer settles once. */
function createExchange(
  answer: PromiseWithResolvers<Response>,
  expected: Expected,
  signal: AbortSignal | null,
): Handler {
  let socket: Controller | null = null;
  let reader: BodyReader | null = null;

  function stop(): void {
    const { reason } = signal!;
    answer.reject(reason);
    reader?.stop(reason);
    socket?.abort(reason);
  }
  const over = () => signal?.removeEventListener("abort", stop);
  signal?.addEventListener("abort", stop, { once: true });

  return {
    onRequestStart(controller) {
      socket = controller;
      if (signal?.aborted) controller.abort(signal.reason);
    },
    onResponseStart(controller, status, raw) {
      // It announces the answer, which is still to come.
      if (status < 200) return;
      const seen: Answer = { status, headers: headersOf(raw), body: null };
      reader =
        status >= 200 && status < 300
          ? createBody(controller, seen, expected, answer)
          : createErrorBody(controller, seen, answer);
    },
    onResponseData(_controller, chunk) {
      reader?.push(chunk);
    },
    onResponseEnd() {
      over();
      reader?.end();
    },
    onResponseError(_controller, error) {
      over();
      if (signal?.aborted) return stop();
      if (reader) reader.fail(error);
      else answer.reject(new WireFault("connect", wordsOf(error), undefined, error));
    },
  };
}

interface BodyReader {
  push(chunk: Buffer): void;
  end(): void;
  /** The connection broke. */
  fail(error: Error): void;
  /** Nobody waits for it any more. */
  stop(reason: Error): void;
}

/** A good answer's body, handed on as it is read: what came meanwhile goes together. */
function createBody(
  socket: Controller,
  seen: Answer,
  expected: Expected,
  answer: PromiseWithResolvers<Response>,
): BodyReader {
  const guard = expected.kind === "events" ? createEventGuard() : createJsonGuard();
  const hand = createHand(socket);
  let disarm: () => void = () => undefined;
  settle(answer, hand.body, seen);

  function refuse({ message, body }: BadBody): void {
    const fault = new WireFault("malformed", message, { ...seen, body });
    hand.end(fault);
    socket.abort(fault);
  }
  function finish(): void {
    hand.end(null);
    if (expected.kind === "events")
      disarm = expected.clock.after(LINGER_MS, () => socket.abort(new Error("the stream is done")));
  }
  return {
    push(chunk) {
      if (guard.isDone()) return;
      const bad = guard.push(chunk);
      if (bad !== null) return refuse(bad);
      hand.give(chunk);
      if (guard.isDone()) finish();
    },
    end() {
      disarm();
      const bad = guard.isDone() ? null : guard.end();
      if (bad === null) hand.end(null);
      else refuse(bad);
    },
    stop: (reason) => hand.stop(reason),
    fail(error) {
      disarm();
      hand.end(new WireFault("cut", wordsOf(error), seen, error));
    },
  };
}

interface Hand {
  readonly body: ReadableStream<Uint8Array>;
  give(chunk: Buffer): void;
  /** No more comes, for good or for a fault; what came before is read first. The first end counts. */
  end(fault: Error | null): void;
  /** At once, whatever has come. */
  stop(reason: Error): void;
}

/** Joins what waits for a slow reader, and pauses the socket when that is much. */
function createHand(socket: Controller): Hand {
  let waiting: Buffer[] = [];
  let waiting_bytes = 0;
  let is_wanted = false;
  let ended: { fault: Error | null } | null = null;
  let stream!: ReadableStreamDefaultController<Uint8Array>;

  function handOn(): void {
    if (waiting.length > 0) {
      stream.enqueue(waiting.length === 1 ? waiting[0]! : Buffer.concat(waiting, waiting_bytes));
      waiting = [];
      waiting_bytes = 0;
      is_wanted = false;
      socket.resume();
    } else if (ended?.fault) stream.error(ended.fault);
    else if (ended) stream.close();
  }

  const body = new ReadableStream<Uint8Array>(
    {
      start: (controller) => void (stream = controller),
      pull() {
        is_wanted = true;
        handOn();
      },
      cancel() {
        ended ??= { fault: null };
        socket.abort(new Error("nobody reads on"));
      },
    },
    { highWaterMark: 0 },
  );
  return {
    body,
    give(chunk) {
      if (ended) return;
      waiting.push(chunk);
      waiting_bytes += chunk.length;
      if (is_wanted) handOn();
      else if (waiting_bytes > WAITING_LIMIT_BYTES) socket.pause();
    },
    end(fault) {
      if (ended) return;
      ended = { fault };
      if (is_wanted) handOn();
    },
    stop(reason) {
      ended ??= { fault: reason };
      stream.error(reason);
    },
  };
}

/** An error's body: read to its end or its bound before anybody hears of the answer. */
function createErrorBody(
  socket: Controller,
  seen: Answer,
  answer: PromiseWithResolvers<Response>,
): BodyReader {
  const parts: Buffer[] = [];
  let size_bytes = 0;
  const tell = () => {
    const text = Buffer.concat(parts).subarray(0, ERROR_BODY_LIMIT_BYTES).toString();
    settle(answer, text, { ...seen, body: text });
  };
  return {
    push(chunk) {
      parts.push(chunk);
      size_bytes += chunk.length;
      if (size_bytes < ERROR_BODY_LIMIT_BYTES) return;
      tell();
      socket.abort(new Error("the error's body is too long"));
    },
    end: tell,
    fail: tell,
    stop: () => undefined,
  };
}

const NO_BODY: readonly (number | null)[] = [204, 205, 304];

/** A head that no Response can have is a fault of who sent it. */
function settle(
  answer: PromiseWithResolvers<Response>,
  body: ReadableStream<Uint8Array> | string,
  seen: Answer,
): void {
  const { status, headers } = seen;
  try {
    const bare = NO_BODY.includes(status);
    answer.resolve(new Response(bare ? null : body, { status: status!, headers }));
  } catch (cause) {
    answer.reject(new WireFault("malformed", `an answer with the status ${status}`, seen, cause));
  }
}

function headersOf(raw: Record<string, string | string[] | undefined>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(raw).flatMap(([name, value]) =>
      value === undefined ? [] : [[name.toLowerCase(), [value].flat().join(", ")]],
    ),
  );
}

/** Node tells of several addresses that were tried in an error that has no words of its own. */
const wordsOf = (error: Error & { code?: string }): string =>
  error.message || (error.code ?? "the connection failed");
