import {
  type ByteReader,
  type Connection,
  isSuccess,
  ProtocolError,
  refusalOf,
  send,
  Unreachable,
} from "./call.ts";
import type { Patience } from "./outage.ts";
import { createSseParser, SseOverflow } from "./sse.ts";

export interface StreamConnection extends Connection {
  /** Uniform in [0, 1). */
  random: () => number;
}

/** Three keep-alives. */
const SILENCE_LIMIT_MS = 30_000;

/**
 * The events of one connection, as the text of each; ends when the connection does. One that is
 * silent for three keep-alives is dead. Throws `ProblemError`, `Unreachable` or `ProtocolError`.
 */
export async function* streamOnce(
  connection: Connection,
  path: string,
  headers: Record<string, string>,
  patience: Pick<Patience, "answered">,
  signal: AbortSignal | undefined,
): AsyncGenerator<string, void, void> {
  const silence = watchSilence(connection);
  const response = await send(connection, path, {
    method: "GET",
    headers: { accept: "text/event-stream", ...headers },
    signal: signal ? AbortSignal.any([signal, silence.signal]) : silence.signal,
  }).catch((fault: unknown) => {
    silence.end();
    throw fault;
  });
  try {
    if (!isSuccess(response.status)) throw refusalOf(response.status, await response.text());
    patience.answered();
    if (!response.body) throw new ProtocolError("the event stream has no body");
    const parser = createSseParser();
    for await (const bytes of chunksOf(response.body.getReader())) {
      silence.heard();
      for (const { data } of parsedBytes(parser, bytes)) yield data;
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
