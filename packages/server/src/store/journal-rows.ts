import { JournalBody, type JournalEvent } from "@mainstay/sdk/events";
import { z } from "zod";
import { JournalCorrupt } from "./journal-corrupt.ts";
import { journalChecksum } from "./journal-checksum.ts";

/** A row as the table has it. */
export interface JournalRow {
  readonly seq: number;
  readonly at: number;
  readonly type: string;
  readonly body: string;
  readonly checksum: number;
}

/** What the turn's own row says of its journal. */
export interface JournalHead {
  readonly turn_id: string;
  readonly last_event: number;
}

/**
 * The events that the rows tell: each proven by its checksum, their order by dense numbers from
 * `after` on, their end by the head.
 *
 * @throws JournalCorrupt with what is intact.
 */
export function provenEvents(
  { turn_id, last_event }: JournalHead,
  rows: readonly JournalRow[],
  after: number,
): JournalEvent[] {
  const events: JournalEvent[] = [];
  let last = after;
  for (const row of rows) {
    const body = faultOf(turn_id, row, last) ?? bodyOf(row);
    if (typeof body === "string") throw new JournalCorrupt(body, { turn_id, intact: events });
    events.push({ ...body, seq: row.seq, at: row.at });
    last = row.seq;
  }
  const is_whole = last === last_event || (rows.length === 0 && last > last_event);
  if (is_whole) return events;
  throw new JournalCorrupt(`it has ${last} events, not ${last_event}`, { turn_id, intact: events });
}

function faultOf(
  turn_id: string,
  { seq, at, type, body, checksum }: JournalRow,
  last: number,
): string | null {
  if (seq !== last + 1) return `event ${seq} follows event ${last}`;
  if (journalChecksum(turn_id, at, type, body) !== checksum)
    return `event ${seq} is not what was written`;
  return null;
}

/** A body of another shape is a fault too: what version 1 kept had no checksum when it was damaged. */
function bodyOf({ seq, body }: JournalRow): JournalBody | string {
  try {
    return JournalBody.parse(JSON.parse(body));
  } catch (fault) {
    if (fault instanceof SyntaxError || fault instanceof z.ZodError)
      return `event ${seq} is not an event`;
    throw fault;
  }
}
