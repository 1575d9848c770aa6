import type { JournalBody, JournalEvent, ToolCall } from "@mainstay/sdk/events";

/** Of what a tool was given and of what came of it, this much is kept. */
const KEPT_CHARS = 1_000;

/**
 * What an event of a settled turn becomes when its details are given up; null when it stays. Its
 * number and time stay in any case, and so does what the turn's resource and its conversation say,
 * tool results cut short, and what people decided. Pure.
 *
 * @param folded_at ISO 8601 in UTC
 */
export function folded(event: JournalEvent, folded_at: string): JournalBody | null {
  switch (event.type) {
    case "accepted":
    case "started":
    case "nudged":
    case "approval_requested":
    case "approval_decided":
    case "tool_started":
    case "cancel_requested":
    case "parked":
    case "retried":
    case "settled":
    case "folded":
      return null;
    case "step_ended":
      return smaller(event, { ...event, tool_calls: event.tool_calls.map(cutInput) });
    case "tool_ended":
      return smaller(event, { ...event, result: cutResult(event.result, folded_at) });
    case "resumed":
    case "attempt_started":
    case "attempt_failed":
    case "model_waited":
    case "reply_mended":
    case "compacted":
    case "step_restarted":
    case "tool_adopted":
      return smaller(event, { type: "folded", was: event.type, folded_at });
  }
}

/** Null where nothing would be won. */
function smaller(event: JournalEvent, body: JournalBody | JournalEvent): JournalBody | null {
  const { seq: _seq, at: _at, ...before } = event;
  const { seq: _, at: __, ...after } = { seq: 0, at: 0, ...body };
  return JSON.stringify(after).length < JSON.stringify(before).length ? after : null;
}

/** Providers want the arguments of a call to be JSON, in old messages too. */
const cutInput = (call: ToolCall): ToolCall =>
  call.input.length <= KEPT_CHARS
    ? call
    : { ...call, input: JSON.stringify({ folded: `${call.input.length} characters` }) };

function cutResult(result: string, folded_at: string): string {
  if (result.length <= KEPT_CHARS) return result;
  const half = KEPT_CHARS / 2;
  const note = `\n… ${result.length - KEPT_CHARS} characters folded on ${folded_at.slice(0, 10)} …\n`;
  return `${result.slice(0, half)}${note}${result.slice(-half)}`.toWellFormed();
}
