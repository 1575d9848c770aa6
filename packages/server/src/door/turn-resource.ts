import type { JournalEvent } from "@mainstay/sdk/events";
import type { QueuePlace, Turn } from "@mainstay/sdk/turn";
import type { JournalCorrupt } from "../store/journal-corrupt.ts";
import type { Row } from "../store/schema.ts";
import { isoTime } from "../kernel/time.ts";
import { foldTurn } from "../store/turn-record.ts";

/** The turn as the API shows it: its journal folded, and its place in the queue while it waits. */
export function turnResource(
  id: string,
  events: readonly JournalEvent[],
  queue: QueuePlace | null,
): Turn {
  const record = foldTurn(events);
  const { session_id, workspace_id, state, message, urgency, answer, mode } = record;
  const { provider, model, usage, error, approvals, commands, edits, last_event } = record;
  return {
    id,
    session_id,
    workspace_id,
    state,
    message,
    urgency,
    queue: state === "queued" ? queue : null,
    pause: record.parked?.pause ?? null,
    answer,
    mode,
    provider,
    model,
    provider_why: record.why,
    usage,
    error,
    approvals,
    commands,
    edits,
    last_event,
    created_at: isoTime(record.created_at),
    settled_at: record.settled_at === null ? null : isoTime(record.settled_at),
  };
}

/** In a list, a turn whose journal is damaged: what its row has, and that the rest is not known. */
export function damagedResource(row: Row<"turn">, fault: JournalCorrupt): Turn {
  const { id, session_id, workspace_id, state, urgency, created_at, settled_at } = row;
  return {
    id,
    session_id,
    workspace_id,
    state,
    message: "",
    urgency,
    queue: null,
    pause: null,
    answer: null,
    mode: null,
    provider: null,
    model: null,
    provider_why: null,
    usage: { input_tokens: 0, output_tokens: 0 },
    error: { code: "journal_damaged", message: fault.message },
    approvals: [],
    commands: [],
    edits: [],
    last_event: 0,
    created_at: isoTime(created_at),
    settled_at: settled_at === null ? null : isoTime(settled_at),
  };
}
