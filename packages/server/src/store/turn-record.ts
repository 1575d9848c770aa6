import type { BodyOf, JournalEvent } from "@mainstay/sdk/events";
import type { Pause } from "@mainstay/sdk/pause";
import {
  type CommandRecord,
  type EditRecord,
  isSettled,
  type Mode,
  type TurnError,
  type TurnState,
  type Urgency,
  type Usage,
} from "@mainstay/sdk/turn";
import { commandsOf, editsOf } from "./effect-records.ts";
import { JournalCorrupt } from "./journal-corrupt.ts";
import { foldStep, type StepRecord, takeBack } from "./step-record.ts";

/** A turn as its journal tells it. Times are milliseconds since 1970. */
export interface TurnRecord {
  state: TurnState;
  message: string;
  urgency: Urgency;
  session_id: string;
  workspace_id: string;
  /** The person's preference. */
  preferred_model: string | null;
  on_disconnect: "detach" | "cancel";
  /** Provisional while parked; null before there is one. */
  answer: string | null;
  /** Who answered last: these four belong together. */
  mode: Mode | null;
  provider: string | null;
  model: string | null;
  /** Why it is not the first choice; null where it is, or nobody has answered. */
  why: string | null;
  /** Sum over all attempts; of a settled turn what was settled. */
  usage: Usage;
  error: TurnError | null;
  /** Ids of all that were asked for, decided or not. */
  approvals: string[];
  commands: CommandRecord[];
  edits: EditRecord[];
  created_at: number;
  settled_at: number | null;
  /** Number of the last event. */
  last_event: number;
  steps: StepRecord[];
  cancel_requested_by: string | null;
  /** Resumes after a restart since the turn last got on; too many poison it (J7). */
  resumes_without_progress: number;
  /** How often since then a call was found running on: proof of nothing, and less to blame for. */
  adoptions_without_progress: number;
  /** How often it went on by itself since it last got on, or since a person wished it to. */
  wakes_without_progress: number;
  /** How often since then it parked because models failed, not for want of one that could be asked. */
  faults_without_progress: number;
  /** `pause` is what it waits for the end of; else it waits for a model, or for a person alone. */
  parked: {
    answer: string;
    cause: string;
    pause: Pause | null;
    waits_for: "model" | "person";
  } | null;
  /** How often the history was shortened because a model could not take it, and what was left of it. */
  compacted: { times: number; tokens_after: number } | null;
}

/**
 * Folds a journal, or any beginning of one, into the turn it tells. Pure; the record is the caller's.
 *
 * @throws JournalCorrupt on a gap (J4), a first event other than `accepted`, an event after
 * `settled` (J5), or an event of a step or call that was never heard of.
 */
export function foldTurn(events: readonly JournalEvent[]): TurnRecord {
  const [first, ...rest] = events;
  if (first?.type !== "accepted" || first.seq !== 1)
    throw new JournalCorrupt(`it begins with ${first?.type ?? "nothing"} ${first?.seq ?? ""}`);
  const record = accept(first);
  for (const event of rest) fold(record, event);
  record.commands = commandsOf(record.steps, isSettled(record.state));
  record.edits = editsOf(record.steps);
  return record;
}

function accept(event: BodyOf<"accepted"> & { at: number }): TurnRecord {
  return {
    state: "queued",
    message: event.message,
    urgency: event.urgency,
    session_id: event.session_id,
    workspace_id: event.workspace_id,
    preferred_model: event.model,
    on_disconnect: event.on_disconnect,
    answer: null,
    mode: null,
    provider: null,
    model: null,
    usage: { input_tokens: 0, output_tokens: 0 },
    error: null,
    approvals: [],
    commands: [],
    edits: [],
    created_at: event.at,
    settled_at: null,
    last_event: 1,
    steps: [],
    cancel_requested_by: null,
    resumes_without_progress: 0,
    adoptions_without_progress: 0,
    wakes_without_progress: 0,
    faults_without_progress: 0,
    parked: null,
    why: null,
    compacted: null,
  };
}

function fold(record: TurnRecord, event: JournalEvent): void {
  if (event.seq !== record.last_event + 1)
    throw new JournalCorrupt(`event ${event.seq} follows event ${record.last_event}`);
  if (isSettled(record.state))
    throw new JournalCorrupt(`${event.type} ${event.seq} comes after the turn was settled`);
  record.last_event = event.seq;
  apply(record, event);
}

function apply(record: TurnRecord, event: JournalEvent): void {
  switch (event.type) {
    case "accepted":
      throw new JournalCorrupt(`it was accepted again by event ${event.seq}`);
    case "started":
      record.state = "running";
      return;
    case "resumed":
      record.state = "running";
      if ((event.after ?? "restart") === "restart") record.resumes_without_progress += 1;
      return;
    case "attempt_failed":
      if (event.usage) addUsage(record.usage, event.usage);
      return foldStep(record.steps, event);
    case "compacted":
      record.compacted = { times: event.times, tokens_after: event.tokens_after };
      return foldStep(record.steps, event);
    case "attempt_started":
    case "model_waited":
    case "reply_mended":
    case "step_restarted":
    case "nudged":
    case "tool_started":
      return foldStep(record.steps, event);
    case "step_ended":
      getOn(record);
      addUsage(record.usage, event.usage);
      answeredBy(record, { ...event, why: event.why ?? null });
      return foldStep(record.steps, event);
    case "tool_adopted":
      record.resumes_without_progress = 0;
      record.adoptions_without_progress += 1;
      return foldStep(record.steps, event);
    case "tool_ended":
      getOn(record);
      return foldStep(record.steps, event);
    case "approval_requested":
      record.state = "awaiting_approval";
      record.approvals.push(event.approval_id);
      return foldStep(record.steps, event);
    case "approval_decided":
      record.state = "queued";
      getOn(record);
      return foldStep(record.steps, event);
    case "cancel_requested":
      return requestCancel(record, event.by);
    case "parked":
      return park(record, event);
    case "retried":
      return retry(record, event);
    case "folded":
      return;
    case "settled":
      return settle(record, event);
  }
}

function getOn(record: TurnRecord): void {
  record.resumes_without_progress = 0;
  record.adoptions_without_progress = 0;
  record.wakes_without_progress = 0;
  record.faults_without_progress = 0;
}

function addUsage(sum: Usage, { input_tokens, output_tokens }: Usage): void {
  sum.input_tokens += input_tokens;
  sum.output_tokens += output_tokens;
}

type Answerer = Pick<TurnRecord, "mode" | "provider" | "model" | "why">;

function answeredBy(record: TurnRecord, { mode, provider, model, why }: Answerer): void {
  Object.assign(record, { mode, provider, model, why } satisfies Answerer);
}

/** A turn that waits for a person or a model needs a seat once more, to end. */
function requestCancel(record: TurnRecord, by: string): void {
  record.cancel_requested_by = by;
  record.parked = null;
  if (record.state !== "running") record.state = "queued";
}

function park(record: TurnRecord, event: BodyOf<"parked">): void {
  const { answer, cause, pause = null, waits_for = "model", not_begun } = event;
  if (not_begun) takeBack(record.steps, not_begun);
  if (pause === null && !event.no_fault) record.faults_without_progress += 1;
  record.state = "parked";
  record.parked = { answer, cause, pause, waits_for };
  record.answer = answer;
  answeredBy(record, { mode: "offline", provider: null, model: null, why: null });
}

function retry(record: TurnRecord, { after }: BodyOf<"retried">): void {
  const { wakes_without_progress, faults_without_progress } = record;
  record.state = "queued";
  getOn(record);
  if (after === "recovery") {
    record.wakes_without_progress = wakes_without_progress + 1;
    record.faults_without_progress = faults_without_progress;
  }
  record.parked = null;
  record.answer = null;
  answeredBy(record, { mode: null, provider: null, model: null, why: null });
}

function settle(record: TurnRecord, event: BodyOf<"settled"> & { at: number }): void {
  record.state = event.state;
  record.settled_at = event.at;
  record.parked = null;
  record.answer = event.answer;
  record.usage = event.usage;
  record.error = event.error;
  answeredBy(record, { ...event, why: event.provider === null ? null : record.why });
}
