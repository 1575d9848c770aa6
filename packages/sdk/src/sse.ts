/**
 * A parser of `text/event-stream` (WHATWG HTML, §9.2.6) that takes the bytes as they come.
 * Whatever the chunks, the events are the same. `retry:` is left out: the client has its own backoff.
 */
export interface ServerSentEvent {
  type: string;
  data: string;
  /** The last `id:` that the stream named, this event's own or an earlier one; "" before the first. */
  last_event_id: string;
}

export interface SseParser {
  /** The events that these bytes complete. Throws `SseOverflow` once an event passes the limit. */
  push(bytes: Uint8Array): ServerSentEvent[];
}

/**
 * More than twice the longest journal event: a model's step of 1,000,000 characters, each escaped
 * as `\uXXXX`. What is longer is no event of this API.
 */
const EVENT_LIMIT_CHARS = 16 * 1024 * 1024;

export class SseOverflow extends Error {
  constructor(limit_chars: number) {
    super(`an event of the stream is longer than ${limit_chars} characters`);
    this.name = "SseOverflow";
  }
}

export function createSseParser(limit_chars = EVENT_LIMIT_CHARS): SseParser {
  const lines = createLineSplitter();
  const draft = createDraft();
  return {
    push(bytes) {
      const events: ServerSentEvent[] = [];
      for (const line of lines.push(bytes)) {
        const event = line === "" ? draft.dispatch() : draft.take(line);
        if (event) events.push(event);
        if (draft.length() > limit_chars) throw new SseOverflow(limit_chars);
      }
      if (draft.length() + lines.held() > limit_chars) throw new SseOverflow(limit_chars);
      return events;
    },
  };
}

/** Lines end with CR, LF or CRLF; a CR at the end of a chunk may be half of a CRLF. */
function createLineSplitter() {
  const decoder = new TextDecoder("utf-8");
  let partial = "";
  let after_cr = false;
  return {
    held: () => partial.length,
    push(bytes: Uint8Array): string[] {
      let text = decoder.decode(bytes, { stream: true });
      if (text === "") return [];
      if (after_cr && text.startsWith("\n")) text = text.slice(1);
      after_cr = text.endsWith("\r");
      const [first = "", ...rest] = text.split(/\r\n|\r|\n/);
      const lines = [partial + first, ...rest];
      partial = lines.pop() ?? "";
      return lines;
    },
  };
}

/** The event under construction. Without a `data:` line there is no event. */
function createDraft() {
  let type = "";
  let data: string[] = [];
  let last_event_id = "";
  let length = 0;
  return {
    length: () => length,
    take(line: string): undefined {
      if (line.startsWith(":")) return;
      length += line.length;
      const colon = line.indexOf(":");
      const field = colon === -1 ? line : line.slice(0, colon);
      const value = colon === -1 ? "" : line.slice(colon + 1).replace(/^ /, "");
      if (field === "data") data.push(value);
      else if (field === "event") type = value;
      else if (field === "id" && !value.includes("\0")) last_event_id = value;
    },
    dispatch(): ServerSentEvent | undefined {
      const event = { type: type || "message", data: data.join("\n"), last_event_id };
      const complete = data.length > 0;
      type = "";
      data = [];
      length = 0;
      return complete ? event : undefined;
    },
  };
}
