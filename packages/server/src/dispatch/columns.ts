import { createHash } from "node:crypto";
import type { BodyOf, JournalEvent } from "@mainstay/sdk/events";
import { timeOf } from "../kernel/time.ts";
import type { Row } from "../store/schema.ts";
import type { TurnRecord } from "../store/turn-record.ts";

/** What queries need to know of a turn, and its journal tells. */
export type TurnColumns = Pick<
  Row<"turn">,
  "state" | "session_id" | "workspace_id" | "urgency" | "settled_at"
>;

export const turnColumns = (record: TurnRecord): TurnColumns => ({
  state: stateAtStart(record),
  session_id: record.session_id,
  workspace_id: record.workspace_id,
  urgency: record.urgency,
  settled_at: record.settled_at,
});

/** After a start nobody runs a turn: what was running waits, for a person or for a seat. */
function stateAtStart({ state, steps, cancel_requested_by }: TurnRecord): TurnRecord["state"] {
  if (state !== "running") return state;
  // It needs a seat to end; nobody's consent is of use any more.
  if (cancel_requested_by !== null) return "queued";
  const open = steps.at(-1)?.calls.find((call) => call.state !== "ended");
  return open?.state === "awaiting" ? "awaiting_approval" : "queued";
}

/** The highest number of a lease that the journal tells of; 0 where it had none. */
export const fenceOf = (events: readonly JournalEvent[]): number =>
  Math.max(0, ...events.map((event) => ("fence" in event ? event.fence : 0)));

/** Of who decided the journal has the name; the id is the store's to find. */
export type ApprovalColumns = Omit<
  Row<"approval">,
  "decided_by" | "person_id" | "asks" | "pins" | "card"
> & {
  readonly decided_by_name: string | null;
};

/** The approvals that an open turn asked for, as its journal tells them. */
export function approvalColumns(
  turn_id: string,
  { workspace_id }: TurnRecord,
  events: readonly JournalEvent[],
): ApprovalColumns[] {
  const decisions = new Map<string, Decided>();
  for (const event of events)
    if (event.type === "approval_decided") decisions.set(event.approval_id, event);
  return events
    .filter((event) => event.type === "approval_requested")
    .map((asked) => ({
      id: asked.approval_id,
      turn_id,
      workspace_id,
      step: asked.step,
      call_id: asked.call_id,
      intent: asked.intent,
      command: asked.command,
      command_sha256: createHash("sha256").update(asked.command).digest("hex"),
      reason: asked.reason,
      created_at: asked.at,
      expires_at: timeOf(asked.expires_at),
      ...decisionColumns(decisions.get(asked.approval_id)),
    }));
}

type Decided = BodyOf<"approval_decided"> & { readonly at: number };

function decisionColumns(decided: Decided | undefined) {
  if (decided === undefined)
    return { state: "pending" as const, decided_at: null, decided_by_name: null };
  const state = decided.decision === "approve" ? ("approved" as const) : ("denied" as const);
  return { state, decided_at: decided.at, decided_by_name: decided.by };
}
