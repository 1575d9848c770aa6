import type { ToolCall } from "@mainstay/sdk/events";
import type { TurnError } from "@mainstay/sdk/turn";
import type { CallRecord, OpenAttempt, StepRecord } from "../store/step-record.ts";
import type { TurnRecord } from "../store/turn-record.ts";
import { promisedWork } from "./promise.ts";
import { type ModelName, tooLong } from "./too-long.ts";
import { workDone } from "./work-done.ts";

/** What a turn does next. */
export type Move =
  | {
      readonly move: "ask";
      readonly step: number;
      readonly attempt: number;
      readonly again: boolean;
    }
  | {
      readonly move: "nudge";
      readonly step: number;
      readonly reason: "promise" | "empty";
      readonly matched: string;
    }
  | {
      readonly move: "act";
      readonly step: number;
      readonly call: ToolCall;
      readonly record: CallRecord;
    }
  /**
   * The call began before this run and has no result: find out what became of it (J3). If it never
   * really began, it may begin now only while the turn is to go on.
   */
  | {
      readonly move: "recover";
      readonly may_begin: boolean;
      /** Who wants the turn, and so the call, to end. */
      readonly cancelled_by: string | null;
      readonly step: number;
      readonly call: ToolCall;
      readonly record: Extract<CallRecord, { state: "started" }>;
    }
  /** The server died while a model answered: what was taken is billed, before anything else. */
  | { readonly move: "write_off"; readonly step: number; readonly lost: OpenAttempt }
  /** The conversation was too long for a model: it is shortened before the step is asked again. */
  | { readonly move: "compact"; readonly step: number; readonly too_long_for: ModelName }
  | { readonly move: "await" }
  | Settlement;

export interface Settlement {
  readonly move: "settle";
  readonly state: "done" | "failed" | "cancelled";
  readonly answer: string;
  readonly error: TurnError | null;
}

export interface MoveLimits {
  readonly steps: number;
  readonly compactions: number;
  readonly resumes_without_progress: number;
  readonly adoptions_without_progress: number;
}

/**
 * Decides a turn's next move from its journal alone, so that a resumed turn goes on exactly where
 * the journal ends. Pure.
 */
export function nextMove(record: TurnRecord, limits: MoveLimits): Move {
  const last = record.steps.at(-1);
  const open = last?.calls.find((call) => call.state !== "ended");
  const openCall = last?.tool_calls.find((call) => call.id === open?.call_id);

  if (last?.open_attempt) return { move: "write_off", step: last.step, lost: last.open_attempt };
  const is_spent = record.adoptions_without_progress >= limits.adoptions_without_progress;
  const is_poisoned =
    is_spent || record.resumes_without_progress >= limits.resumes_without_progress;
  // One resume more than poisons, for the case that finding out is itself what crashes.
  const may_recover =
    !is_spent && record.resumes_without_progress <= limits.resumes_without_progress;
  if (open?.state === "started" && openCall !== undefined && may_recover) {
    const cancelled_by = record.cancel_requested_by;
    const may_begin = cancelled_by === null && !is_poisoned;
    const { step } = last!;
    return { move: "recover", step, call: openCall, record: open, may_begin, cancelled_by };
  }
  if (record.cancel_requested_by !== null) return cancelled(record, record.cancel_requested_by);
  if (is_poisoned) return poisoned(record);
  if (last === undefined) return { move: "ask", step: 1, attempt: 1, again: false };
  if (!last.ended && last.too_long_for !== null)
    return shorten(record, last.step, last.too_long_for, limits);
  if (!last.ended) return { move: "ask", step: last.step, attempt: last.attempt + 1, again: true };
  if (open !== undefined && openCall !== undefined)
    return open.state === "awaiting"
      ? { move: "await" }
      : { move: "act", step: last.step, call: openCall, record: open };
  if (last.tool_calls.length > 0 || last.nudged) return nextStep(record, last.step + 1, limits);
  return judgeAnswer(record, last);
}

function shorten(
  record: TurnRecord,
  step: number,
  too_long_for: ModelName,
  { compactions }: MoveLimits,
): Move {
  const times = record.compacted?.times ?? 0;
  return times < compactions
    ? { move: "compact", step, too_long_for }
    : tooLong(record, too_long_for);
}

function nextStep(record: TurnRecord, step: number, limits: MoveLimits): Move {
  if (step <= limits.steps) return { move: "ask", step, attempt: 1, again: false };
  return {
    move: "settle",
    state: "failed",
    answer: `Stopped after ${limits.steps} steps without an end. ${workDone(record)}`,
    error: { code: "step_limit", message: `a turn has at most ${limits.steps} steps` },
  };
}

function judgeAnswer(record: TurnRecord, { step, text, finish }: StepRecord): Move {
  const nudged = record.steps.some((each) => each.nudged);
  if (text.trim() === "") {
    if (!nudged) return { move: "nudge", step, reason: "empty", matched: "" };
    return {
      move: "settle",
      state: "failed",
      answer: `The model gave no answer, twice. ${workDone(record)}`,
      error: { code: "empty_answer", message: "the model's reply was empty twice" },
    };
  }
  const matched = nudged ? null : promisedWork(text);
  if (matched !== null) return { move: "nudge", step, reason: "promise", matched };
  return { move: "settle", state: "done", answer: text + (cutNotes[finish] ?? ""), error: null };
}

/** An answer that was cut short says so. */
const cutNotes: Readonly<Record<string, string>> = {
  length: "\n\n[Cut here: the model reached its length limit.]",
  content_filter: "\n\n[Cut here by the provider's content filter.]",
};

const cancelled = (record: TurnRecord, by: string): Move => ({
  move: "settle",
  state: "cancelled",
  answer: `Cancelled by ${by}. ${workDone(record)}`,
  error: null,
});

const poisoned = (record: TurnRecord): Move => ({
  move: "settle",
  state: "failed",
  answer: `This turn was resumed ${resumes(record)} times without getting on, so it was stopped. ${workDone(record)}`,
  error: { code: "poisoned", message: "resumed too often without progress" },
});

const resumes = ({ resumes_without_progress, adoptions_without_progress }: TurnRecord): number =>
  resumes_without_progress + adoptions_without_progress;
