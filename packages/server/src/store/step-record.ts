import type { DenialCause } from "@mainstay/sdk/audit";
import type {
  BodyOf,
  CommandResult,
  Effect,
  JournalBody,
  ToolCall,
  ToolOutcome,
} from "@mainstay/sdk/events";
import { JournalCorrupt } from "./journal-corrupt.ts";

/** How far a tool call has come. `started` without an end is what J3 is about. */
export type CallRecord = { call_id: string } & (
  | { state: "proposed" }
  | { state: "awaiting"; approval_id: string }
  | {
      state: "decided";
      approval_id: string;
      decision: "approve" | "deny";
      by: string;
      because?: DenialCause;
    }
  | ({ state: "started" } & Beginning)
  | {
      state: "ended";
      outcome: ToolOutcome;
      result: string;
      command: CommandResult | null;
      /** Null when it ended before it began: denied, or no such tool. */
      began: Beginning | null;
    }
);

/** What a call was about to do when it began. */
export interface Beginning {
  tool: string;
  intent: string;
  effect: Effect;
}

/** An attempt that was begun and of whose end the journal does not tell. */
export interface OpenAttempt {
  attempt: number;
  provider: string;
  model: string;
  /** What it is billed by; null in older journals. */
  bill: { credential: string; input_tokens: number } | null;
}

/** One question to the model, its answer, and the calls that the answer made. */
export interface StepRecord {
  step: number;
  /** The highest that was begun. */
  attempt: number;
  /** Null where every attempt came to an end. */
  open_attempt: OpenAttempt | null;
  /** Whether the answer is complete: only then are `text` and `tool_calls` filled. */
  ended: boolean;
  text: string;
  /** Why the answer ended, as the provider said; empty before it has. */
  finish: string;
  tool_calls: ToolCall[];
  /** One for each tool call, in the same order. */
  calls: CallRecord[];
  /** The answer was judged to be none. */
  nudged: boolean;
  /** The model that could not take it for its length; null once the history is shorter. */
  too_long_for: { provider: string; model: string } | null;
}

export type StepEvent = Extract<JournalBody, { step: number }> | BodyOf<"approval_decided">;

/** Folds an event into the step it belongs to. @throws JournalCorrupt for a step or call unheard of. */
export function foldStep(steps: StepRecord[], event: StepEvent): void {
  switch (event.type) {
    case "attempt_failed":
      return endAttempt(stepFrom(steps, event.step), event);
    case "attempt_started":
      return beginAttempt(stepFrom(steps, event.step), event);
    case "model_waited":
    case "reply_mended":
    case "step_restarted":
      return raiseAttempt(stepFrom(steps, event.step), event.attempt);
    case "compacted":
      stepOf(steps, event.step).too_long_for = null;
      return;
    case "step_ended":
      return endStep(stepFrom(steps, event.step), event);
    case "nudged":
      stepOf(steps, event.step).nudged = true;
      return;
    case "approval_requested":
      return setCall(stepOf(steps, event.step), {
        call_id: event.call_id,
        state: "awaiting",
        approval_id: event.approval_id,
      });
    case "approval_decided":
      return setCall(stepAwaiting(steps, event.approval_id), {
        call_id: event.call_id,
        state: "decided",
        approval_id: event.approval_id,
        decision: event.decision,
        by: event.by,
        ...(event.because && { because: event.because }),
      });
    case "tool_started":
      return setCall(stepOf(steps, event.step), {
        call_id: event.call_id,
        state: "started",
        tool: event.tool,
        intent: event.intent,
        effect: event.effect,
      });
    case "tool_adopted":
      return void callIndex(stepOf(steps, event.step), event.call_id);
    case "tool_ended":
      return endCall(stepOf(steps, event.step), event);
  }
}

/** A call that had started and certainly did nothing may start again. @throws JournalCorrupt */
export function takeBack(
  steps: StepRecord[],
  { step, call_id }: { step: number; call_id: string },
): void {
  setCall(stepOf(steps, step), { call_id, state: "proposed" });
}

function raiseAttempt(step: StepRecord, attempt: number): void {
  step.attempt = Math.max(step.attempt, attempt);
}

function beginAttempt(step: StepRecord, event: BodyOf<"attempt_started">): void {
  const { attempt, provider, model, credential, input_tokens } = event;
  raiseAttempt(step, attempt);
  const tells = credential !== undefined && input_tokens !== undefined;
  const bill = tells ? { credential, input_tokens } : null;
  step.open_attempt = { attempt, provider, model, bill };
}

function endAttempt(step: StepRecord, event: BodyOf<"attempt_failed">): void {
  const { attempt, provider, model, code } = event;
  raiseAttempt(step, attempt);
  step.open_attempt = null;
  if (code === "context_too_long") step.too_long_for = { provider, model };
}

function endStep(step: StepRecord, event: BodyOf<"step_ended">): void {
  raiseAttempt(step, event.attempt);
  step.open_attempt = null;
  step.ended = true;
  step.text = event.text;
  step.finish = event.finish;
  step.tool_calls = event.tool_calls;
  step.calls = event.tool_calls.map((call) => ({ call_id: call.id, state: "proposed" }));
}

function endCall(step: StepRecord, event: BodyOf<"tool_ended">): void {
  const { call_id, outcome, result, command } = event;
  const call = step.calls[callIndex(step, call_id)];
  const began = call?.state === "started" ? beginningOf(call) : null;
  setCall(step, { call_id, state: "ended", outcome, result, command, began });
}

const beginningOf = ({ tool, intent, effect }: Beginning): Beginning => ({ tool, intent, effect });

function setCall(step: StepRecord, call: CallRecord): void {
  step.calls[callIndex(step, call.call_id)] = call;
}

function callIndex(step: StepRecord, call_id: string): number {
  const index = step.calls.findIndex((call) => call.call_id === call_id);
  if (index === -1) throw new JournalCorrupt(`step ${step.step} made no call ${call_id}`);
  return index;
}

/** The step, begun here when it is the first that is heard of it. */
function stepFrom(steps: StepRecord[], number: number): StepRecord {
  const known = steps.find(({ step }) => step === number);
  if (known) return known;
  const begun: StepRecord = {
    step: number,
    attempt: 0,
    open_attempt: null,
    ended: false,
    text: "",
    finish: "",
    tool_calls: [],
    calls: [],
    nudged: false,
    too_long_for: null,
  };
  steps.push(begun);
  return begun;
}

function stepOf(steps: StepRecord[], number: number): StepRecord {
  const known = steps.find(({ step }) => step === number);
  if (!known) throw new JournalCorrupt(`nothing was asked in step ${number}`);
  return known;
}

function stepAwaiting(steps: StepRecord[], approval_id: string): StepRecord {
  const known = steps.find(({ calls }) =>
    calls.some((call) => call.state === "awaiting" && call.approval_id === approval_id),
  );
  if (!known) throw new JournalCorrupt(`no call awaits approval ${approval_id}`);
  return known;
}
