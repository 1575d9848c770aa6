import type { BadBody, BodyGuard } from "./body-guard.ts";

const EVENT_LIMIT_BYTES = 1024 * 1024;
const BODY_LIMIT_BYTES = 64 * 1024;
/** One of these is in every event that tells an error: the second where it is flat. */
const ERROR_MARKS = ['"error"', '"code"'];
const ERROR_MARK_BYTES = ERROR_MARKS.map((mark) => Buffer.from(mark));
const DONE_MARK = "[DONE]";
const DONE = /^data: ?\[DONE\]\s*$/m;
const BLANK_LINE = /\n\r?\n/;
const NEWLINE = 0x0a;

/**
 * Watches the bytes of a stream of server-sent events.
 *
 * 1. A body that begins as JSON or as a page is no stream: what it says is kept, bounded.
 * 2. An event that tells an error ends the stream, with the event's words.
 * 3. A line, and an event, of more than 1 MiB ends it: nobody holds more than that.
 * 4. It is done at `[DONE]`: some servers leave the connection open after it.
 *
 * It looks for two words in whole lines, and parses only those that have one: inside a string of JSON
 * their quotes are escaped, so that no answer has them by talking about errors.
 */
export function createEventGuard(): BodyGuard {
  let kind: "unknown" | "events" | "other" = "unknown";
  let line: Buffer[] = [];
  let line_bytes = 0;
  let event_bytes = 0;
  let is_done = false;
  /** The last two bytes: a blank line may lie across two chunks. */
  let edge = "";

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
    is_done ||= lines.includes(DONE_MARK) && DONE.test(lines.toString());
    return ERROR_MARK_BYTES.some((mark) => lines.includes(mark)) ? lines.toString() : null;
  }

  function countEvent(chunk: Buffer): void {
    const last_blank = Math.max(chunk.lastIndexOf("\n\n"), chunk.lastIndexOf("\n\r\n"));
    const is_over = BLANK_LINE.test(edge + chunk.toString("latin1", 0, 2));
    if (last_blank >= 0) event_bytes = chunk.length - last_blank;
    else event_bytes = is_over ? chunk.length : event_bytes + chunk.length;
    edge = (edge + chunk.toString("latin1", Math.max(0, chunk.length - 2))).slice(-2);
  }

  function pushEvents(chunk: Buffer): BadBody | null {
    countEvent(chunk);
    const end = chunk.lastIndexOf(NEWLINE) + 1;
    const suspect = end > 0 ? takeLines(chunk, end) : (keep(chunk), null);
    const error = suspect === null ? null : errorIn(suspect);
    if (error !== null) return { message: "the stream told an error", body: error };
    if (line_bytes <= EVENT_LIMIT_BYTES && event_bytes <= EVENT_LIMIT_BYTES) return null;
    return { message: `one event of the stream is over ${EVENT_LIMIT_BYTES} bytes`, body: "" };
  }

  function pushOther(chunk: Buffer): BadBody | null {
    keep(chunk);
    return line_bytes < BODY_LIMIT_BYTES ? null : noStream();
  }

  const noStream = (): BadBody => ({
    message: "the answer is no stream of events",
    body: Buffer.concat(line).subarray(0, BODY_LIMIT_BYTES).toString(),
  });

  return {
    push(chunk) {
      if (kind === "unknown") kind = kindOf(chunk);
      return kind === "other" ? pushOther(chunk) : pushEvents(chunk);
    },
    isDone: () => is_done,
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
