/** A stream of events that is none, or that tells an error, as its guard saw it. */
export interface BadStream {
  readonly message: string;
  /** What the answer said instead. */
  readonly body: string;
}

export interface EventGuard {
  /** Looks at what came before anybody parses it; null while it is a good stream. */
  push(chunk: Buffer): BadStream | null;
  /** The body is over. */
  end(): BadStream | null;
}

const EVENT_LIMIT_BYTES = 1024 * 1024;
const BODY_LIMIT_BYTES = 64 * 1024;
/** One of these is in every event that tells an error: the second where it is flat. */
const ERROR_MARKS = ['"error"', '"code"'];
const NEWLINE = 0x0a;

/**
 * Watches the bytes of a stream of server-sent events.
 *
 * 1. A body that begins as JSON or as a page is no stream: what it says is kept, bounded.
 * 2. An event that tells an error ends the stream, with the event's words.
 * 3. A line, and an event, of more than 1 MiB ends it: nobody holds more than that.
 *
 * It looks for two words in whole lines, and parses only those that have one: inside a string of JSON
 * their quotes are escaped, so that no answer has them by talking about errors.
 */
export function createEventGuard(): EventGuard {
  let kind: "unknown" | "events" | "other" = "unknown";
  let line: Buffer[] = [];
  let line_bytes = 0;
  let event_bytes = 0;

  function keep(piece: Buffer): void {
    if (piece.length === 0) return;
    line.push(piece);
    line_bytes += piece.length;
  }

  function takeLines(chunk: Buffer, end: number): string | null {
    keep(chunk.subarray(0, end));
    const lines = line.length === 1 ? line[0]! : Buffer.concat(line, line_bytes);
    line = [];
    line_bytes = 0;
    keep(chunk.subarray(end));
    return ERROR_MARKS.some((mark) => lines.includes(mark)) ? lines.toString() : null;
  }

  function pushEvents(chunk: Buffer): BadStream | null {
    const blank = chunk.lastIndexOf("\n\n");
    const blank_crlf = chunk.lastIndexOf("\n\r\n");
    const last_blank = Math.max(blank, blank_crlf);
    event_bytes = last_blank < 0 ? event_bytes + chunk.length : chunk.length - last_blank;
    const end = chunk.lastIndexOf(NEWLINE) + 1;
    const suspect = end > 0 ? takeLines(chunk, end) : (keep(chunk), null);
    const error = suspect === null ? null : errorIn(suspect);
    if (error !== null) return { message: "the stream told an error", body: error };
    if (line_bytes <= EVENT_LIMIT_BYTES && event_bytes <= EVENT_LIMIT_BYTES) return null;
    return { message: `one event of the stream is over ${EVENT_LIMIT_BYTES} bytes`, body: "" };
  }

  function pushOther(chunk: Buffer): BadStream | null {
    keep(chunk);
    return line_bytes < BODY_LIMIT_BYTES ? null : noStream();
  }

  const noStream = (): BadStream => ({
    message: "the answer is no stream of events",
    body: Buffer.concat(line).subarray(0, BODY_LIMIT_BYTES).toString(),
  });

  return {
    push(chunk) {
      if (kind === "unknown") kind = kindOf(chunk);
      return kind === "other" ? pushOther(chunk) : pushEvents(chunk);
    },
    end() {
      if (kind === "unknown") return { message: "the answer is empty", body: "" };
      if (kind === "other") return noStream();
      const error = line_bytes === 0 ? null : errorIn(Buffer.concat(line).toString());
      return error === null ? null : { message: "the stream told an error", body: error };
    },
  };
}

const FIELD = /^\uFEFF?\s*(?:data|event|id|retry)?:/;
const BLANK = /^\uFEFF?\s*$/;

/** By the first words: a field of an event, or a comment. */
function kindOf(chunk: Buffer): "unknown" | "events" | "other" {
  const begin = chunk.subarray(0, 64).toString();
  if (BLANK.test(begin)) return "unknown";
  return FIELD.test(begin) || /^\s*(?:d|da|dat|data|e|ev|eve|even|event|i|id)$/.test(begin)
    ? "events"
    : "other";
}

function errorIn(lines: string): string | null {
  for (const line of lines.split("\n")) {
    if (!ERROR_MARKS.some((mark) => line.includes(mark))) continue;
    const data = line.replace(/^data:/, "").trim();
    if (tellsError(data)) return data.slice(0, BODY_LIMIT_BYTES);
  }
  return null;
}

function tellsError(data: string): boolean {
  try {
    const { error, object, type, delta, message, code, choices } = JSON.parse(data) ?? {};
    if (error || delta?.error || object === "error" || type === "error") return true;
    return typeof message === "string" && code !== undefined && choices === undefined;
  } catch {
    return false;
  }
}
