import type { CommandResult, Effect, JournalBody, JournalEvent } from "@mainstay/sdk/events";
import { AT } from "./population.ts";

/** Writes the events of a journal with their numbers. */
export const journalOf = (...bodies: JournalBody[]): JournalEvent[] =>
  bodies.map((body, i) => ({ ...body, seq: i + 1, at: AT + i }));

export const accepted: JournalBody = {
  type: "accepted",
  message: "tidy up",
  urgency: "interactive",
  session_id: "s",
  workspace_id: "w",
  model: null,
  on_disconnect: "detach",
};
export const started: JournalBody = { type: "started", fence: 1, waited_ms: 3, ahead: 0 };
export const resumed: JournalBody = { type: "resumed", fence: 2, cause: "the server stopped" };
const usage = { input_tokens: 10, output_tokens: 3 };
const target = { provider: "groq", model: "m" };

export const attempt = (step: number, attempt: number): JournalBody => ({
  type: "attempt_started",
  step,
  attempt,
  ...target,
  why: "first choice",
});

export const stepEnded = (step: number, text: string, ...call_ids: string[]): JournalBody => ({
  type: "step_ended",
  step,
  attempt: 1,
  text,
  tool_calls: call_ids.map((id) => ({ id, name: "shell", input: "{}" })),
  finish: call_ids.length > 0 ? "tool_calls" : "stop",
  ...target,
  mode: "full",
  usage,
});

export const asks = (step: number, call_id: string): JournalBody => ({
  type: "approval_requested",
  step,
  call_id,
  approval_id: `apr-${step}-${call_id}`,
  tool: "shell",
  intent: "build it",
  command: "make",
  reason: "runs code",
  expires_at: "2030-01-01T00:00:00Z",
});

export const decided = (
  step: number,
  call_id: string,
  decision: "approve" | "deny",
): JournalBody => ({
  type: "approval_decided",
  approval_id: `apr-${step}-${call_id}`,
  call_id,
  decision,
  by: "Ann",
});

export const commandEffect = (id: string): Effect => ({
  kind: "command",
  command_id: `cmd-${id}`,
  command: "make",
  verdict: "ask",
  agreed_by: "Ann",
  planned_digest: "d1",
});

export const fileEffect = (id: string): Effect => ({
  kind: "file",
  edit_id: `edit-${id}`,
  path: "a.txt",
  before_sha256: null,
  after_sha256: "h2",
});

export const toolStarted = (step: number, call_id: string, effect: Effect): JournalBody => ({
  type: "tool_started",
  step,
  call_id,
  tool: "shell",
  intent: "build it",
  effect,
});

const toolAdopted = (step: number, call_id: string): JournalBody => ({
  type: "tool_adopted",
  step,
  call_id,
  took_ms: 4,
});

export const exited: CommandResult = {
  outcome: "exited",
  exit_code: 0,
  signal: null,
  timed_out: false,
  cancelled: false,
  duration_ms: 12,
  output_bytes: 2,
  output_sha256: "o1",
  executed_digest: "d1",
};

export const toolEnded = (
  step: number,
  call_id: string,
  outcome: "ok" | "error" | "denied" | "unknown" | "cancelled",
  command: CommandResult | null = null,
): JournalBody => ({ type: "tool_ended", step, call_id, outcome, result: "said", command });

export const settled = (state: "done" | "failed" | "cancelled"): JournalBody => ({
  type: "settled",
  state,
  answer: "all tidy",
  mode: "full",
  ...target,
  usage,
  error: state === "failed" ? { code: "poisoned", message: "resumed too often" } : null,
});

export const parked: JournalBody = { type: "parked", answer: "for now", cause: "no model answers" };
export const retried: JournalBody = { type: "retried", by: "Ann" };
export const cancelRequested: JournalBody = { type: "cancel_requested", by: "Ann" };

/**
 * A whole valid journal, from any list of choices: each step has some restarts and resumes, then
 * calls that are asked for, denied, run, cut short or unknown; the turn may park, and settles.
 */
export function walk(choices: readonly number[]): JournalEvent[] {
  const left = [...choices];
  const choose = (n: number): number => (left.pop() ?? 0) % n;
  const bodies: JournalBody[] = [accepted, started];
  for (let step = 1; left.length > 0; step++) {
    bodies.push(...opening(step, choose(8)));
    const ids = Array.from({ length: choose(4) }, (_, i) => `c${i}`);
    bodies.push(stepEnded(step, "", ...ids), ...ids.flatMap((id) => call(step, id, choose(10))));
    if (ids.length === 0)
      bodies.push({ type: "nudged", step, reason: "empty", matched: "" }, ...pause(choose(3)));
  }
  return journalOf(...bodies, settled((["done", "failed", "cancelled"] as const)[choose(3)]!));
}

function opening(step: number, choice: number): JournalBody[] {
  const failed: JournalBody = {
    type: "attempt_failed",
    step,
    attempt: 1,
    ...target,
    code: "overloaded",
    message: "503",
  };
  const too_long: JournalBody = { ...failed, code: "context_too_long" };
  const compacted: JournalBody = {
    ...{ type: "compacted", step, times: 1, left_out: 2 },
    ...{ tokens_before: 900, tokens_after: 400 },
  };
  const waited: JournalBody = {
    ...{ type: "model_waited", step, attempt: 1, reason: "provider pacing", wait_ms: 900 },
    ...target,
  };
  const mended: JournalBody = {
    ...{ type: "reply_mended", step, attempt: 1, problem: "planning", how: "call_extracted" },
    ...{ ...target, detail: "a shell command" },
  };
  const restarted: JournalBody = { type: "step_restarted", step, attempt: 1, cause: "cut" };
  const more = [
    [],
    [failed],
    [too_long, compacted, attempt(step, 2)],
    [failed, waited, attempt(step, 2)],
    [mended],
    [restarted, attempt(step, 2)],
    [resumed, restarted],
    [resumed],
  ];
  return [attempt(step, 1), ...more[choice]!];
}

function call(step: number, id: string, choice: number): JournalBody[] {
  const command = toolStarted(step, id, commandEffect(`${step}${id}`));
  const file = toolStarted(step, id, fileEffect(`${step}${id}`));
  const consent = [asks(step, id), decided(step, id, "approve"), started];
  const ways: JournalBody[][] = [
    [command, toolEnded(step, id, "ok", exited)],
    [file, toolEnded(step, id, "ok")],
    [file, toolEnded(step, id, "error")],
    [toolEnded(step, id, "error")],
    [...consent, command, toolEnded(step, id, "ok", exited)],
    [asks(step, id), decided(step, id, "deny"), started, toolEnded(step, id, "denied")],
    [command, resumed, toolEnded(step, id, "unknown")],
    [command, resumed, toolAdopted(step, id), toolEnded(step, id, "ok", exited)],
    [command, resumed, command, toolEnded(step, id, "ok", exited)],
    [command, cancelRequested, toolEnded(step, id, "cancelled", { ...exited, cancelled: true })],
  ];
  return ways[choice]!;
}

function pause(choice: number): JournalBody[] {
  return choice === 0 ? [parked, retried, started] : [];
}
