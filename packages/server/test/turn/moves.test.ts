import type { JournalBody, JournalEvent, ToolCall } from "@mainstay/sdk/events";
import { expect, test } from "vitest";
import { foldTurn } from "../../src/store/turn-record.ts";
import { nextMove } from "../../src/turn/moves.ts";

const limits = {
  steps: 3,
  compactions: 2,
  resumes_without_progress: 3,
  adoptions_without_progress: 10,
};

const accepted: JournalBody = {
  type: "accepted",
  message: "go",
  urgency: "interactive",
  session_id: "ses_1",
  workspace_id: "ws_1",
  model: null,
  on_disconnect: "detach",
};
const started: JournalBody = { type: "started", fence: 1, waited_ms: 0, ahead: 0 };
const resumed: JournalBody = { type: "resumed", fence: 2, cause: "the server restarted" };
const asked = (step: number, attempt = 1): JournalBody => ({
  type: "attempt_started",
  step,
  attempt,
  provider: "p",
  model: "m",
  why: "first",
});
const ended = (step: number, text: string, tool_calls: ToolCall[] = []): JournalBody => ({
  type: "step_ended",
  step,
  attempt: 1,
  text,
  tool_calls,
  finish: "stop",
  provider: "p",
  model: "m",
  mode: "full",
  usage: { input_tokens: 1, output_tokens: 1 },
});
const lost = (step: number): JournalBody => ({
  ...{ type: "attempt_failed", step, attempt: 1, provider: "p", model: "m" },
  ...{ code: "interrupted", message: "the server stopped" },
});
const too_long: JournalBody = {
  type: "attempt_failed",
  step: 1,
  attempt: 1,
  provider: "p",
  model: "m",
  code: "context_too_long",
  message: "maximum context length is 8192 tokens",
};
const compacted = (times: number): JournalBody => ({
  ...{ type: "compacted", step: 1, times, left_out: 4 },
  ...{ tokens_before: 8_000, tokens_after: 8_000 / 2 ** times },
});
const parked: JournalBody = { type: "parked", answer: "for now", cause: "no model answers" };
const call: ToolCall = { id: "c1", name: "shell", input: "{}" };
const began: JournalBody = {
  type: "tool_started",
  step: 1,
  call_id: "c1",
  tool: "shell",
  intent: "try",
  effect: { kind: "none" },
};
const result: JournalBody = {
  type: "tool_ended",
  step: 1,
  call_id: "c1",
  outcome: "ok",
  result: "fine",
  command: null,
};
const wantsConsent: JournalBody = {
  type: "approval_requested",
  step: 1,
  call_id: "c1",
  approval_id: "apr_1",
  tool: "shell",
  intent: "try",
  command: "x",
  reason: "it may change things",
  expires_at: "2026-01-01T00:00:00.000Z",
};
const approved: JournalBody = {
  type: "approval_decided",
  approval_id: "apr_1",
  call_id: "c1",
  decision: "approve",
  by: "ada",
};
const cancel: JournalBody = { type: "cancel_requested", by: "ada" };

const after = (...bodies: JournalBody[]) =>
  nextMove(
    foldTurn(
      [accepted, ...bodies].map((body, i): JournalEvent => ({ ...body, seq: i + 1, at: i })),
    ),
    limits,
  );

test.each([
  ["a new turn asks the model", [started], { move: "ask", step: 1, attempt: 1, again: false }],
  [
    "a step cut by a crash is asked again",
    [started, asked(1), lost(1), resumed],
    { move: "ask", step: 1, attempt: 2, again: true },
  ],
  [
    "an attempt that nobody saw end is written off first",
    [started, { ...asked(1, 2), credential: "k1", input_tokens: 40 }, resumed],
    {
      move: "write_off",
      step: 1,
      lost: { attempt: 2, provider: "p", model: "m", bill: { credential: "k1", input_tokens: 40 } },
    },
  ],
  [
    "also in a turn that is cancelled, or poisoned, and where an older journal does not say what was asked",
    [started, asked(1), resumed, resumed, resumed, cancel],
    { move: "write_off", step: 1, lost: { attempt: 1, provider: "p", model: "m", bill: null } },
  ],
  [
    "an answer settles the turn",
    [started, ended(1, "42")],
    { move: "settle", state: "done", answer: "42" },
  ],
  ["a call is made", [started, ended(1, "", [call])], { move: "act", step: 1, call }],
  [
    "a call that waits for consent waits",
    [started, ended(1, "", [call]), wantsConsent],
    { move: "await" },
  ],
  [
    "a decided call is made",
    [started, ended(1, "", [call]), wantsConsent, approved],
    { move: "act", record: { state: "decided", decision: "approve" } },
  ],
  [
    "a call without a result is recovered, not made (J3)",
    [started, ended(1, "", [call]), began, resumed],
    { move: "recover", call },
  ],
  [
    "even a cancelled turn first finds out what became of it",
    [started, ended(1, "", [call]), began, cancel, resumed],
    { move: "recover" },
  ],
  [
    "after the result the model goes on",
    [started, ended(1, "", [call]), began, result],
    { move: "ask", step: 2 },
  ],
  [
    "a wish to cancel settles",
    [started, ended(1, "", [call]), began, result, cancel],
    { move: "settle", state: "cancelled" },
  ],
  [
    "a promise is nudged",
    [started, ended(1, "I will look at the file.")],
    { move: "nudge", reason: "promise" },
  ],
  ["an empty answer is nudged", [started, ended(1, " \n")], { move: "nudge", reason: "empty" }],
  [
    "what is too long for a model is shortened",
    [started, asked(1), too_long],
    { move: "compact", step: 1, too_long_for: { provider: "p", model: "m" } },
  ],
  [
    "what is too long is not asked again as it was, not even after a restart",
    [started, asked(1), too_long, resumed],
    { move: "compact", step: 1 },
  ],
  [
    "what was shortened is asked again",
    [started, asked(1), too_long, compacted(1)],
    { move: "ask", step: 1, attempt: 2 },
  ],
  [
    "a turn is shortened twice at most",
    [started, asked(1), too_long, compacted(1), too_long, compacted(2), too_long],
    { move: "settle", state: "failed", error: { code: "context_too_long" } },
  ],
  [
    "neither a retry nor another step begins that count again",
    [
      ...[started, asked(1), too_long, compacted(1), too_long, compacted(2), parked],
      ...[{ type: "retried", by: "ada" } as const, started, ended(1, "", [call]), began, result],
      { ...too_long, step: 2 } as JournalBody,
    ],
    { move: "settle", error: { code: "context_too_long" } },
  ],
  [
    "three resumes without progress poison a turn (J7)",
    [started, asked(1), lost(1), resumed, resumed, resumed],
    { move: "settle", state: "failed", error: { code: "poisoned" } },
  ],
])("%s", (_, bodies, move) => {
  expect(after(...bodies)).toMatchObject(move);
});

test("a call that never began does not begin for a cancelled or poisoned turn (J7)", () => {
  const open = [started, ended(1, "", [call]), began];
  expect(after(...open, resumed)).toMatchObject({ move: "recover", may_begin: true });
  expect(after(...open, cancel, resumed)).toMatchObject({ may_begin: false });
  expect(after(...open, resumed, resumed, resumed)).toMatchObject({ may_begin: false });
  const lost = after(...open, resumed, resumed, resumed, resumed);
  expect(lost).toMatchObject({ move: "settle", error: { code: "poisoned" } });
  expect(lost.move === "settle" && lost.answer).toMatch(/1 call is unknown/);
});

test("a call that runs on through restart after restart poisons nobody (J7)", () => {
  const adopted: JournalBody = { type: "tool_adopted", step: 1, call_id: "c1", took_ms: 4 };
  const restarts = Array.from({ length: 9 }, () => [resumed, adopted]).flat();
  const running_on = [started, ended(1, "", [call]), began, ...restarts, resumed];
  expect(after(...running_on)).toMatchObject({ move: "recover", may_begin: true });
  // One that breaks every server that follows it is stopped all the same.
  const lost = after(...running_on, adopted, resumed);
  expect(lost).toMatchObject({ move: "settle", error: { code: "poisoned" } });
  expect(lost.move === "settle" && lost.answer).toMatch(/resumed 11 times.*1 call is unknown/);
  expect(after(...running_on, adopted, result, resumed)).toMatchObject({ move: "ask", step: 2 });
});

test("an answer that was cut says so", () => {
  const cut = { ...ended(1, "The first half"), finish: "length" } as JournalBody;
  const move = after(started, cut);
  expect(move.move === "settle" && move.answer).toMatch(/^The first half\n\n\[Cut here/);
});

test("one nudge is all: then the answer stands, or the turn fails honestly", () => {
  const nudged: JournalBody = { type: "nudged", step: 1, reason: "promise", matched: "I will" };
  const promise = "I will look at the file.";
  expect(after(started, ended(1, promise), nudged)).toMatchObject({ move: "ask", step: 2 });
  expect(after(started, ended(1, promise), nudged, ended(2, promise))).toMatchObject({
    move: "settle",
    state: "done",
    answer: promise,
  });
  const emptied = after(started, ended(1, promise), nudged, ended(2, ""));
  expect(emptied).toMatchObject({ move: "settle", error: { code: "empty_answer" } });
});

test("a turn that never ends is stopped at the bound of its steps, and says so", () => {
  const round = (step: number): JournalBody[] => [
    ended(step, "", [call]),
    { ...began, step } as JournalBody,
    { ...result, step } as JournalBody,
  ];
  const move = after(started, ...round(1), ...round(2), ...round(3));
  expect(move).toMatchObject({ move: "settle", state: "failed", error: { code: "step_limit" } });
  expect(move.move === "settle" && move.answer).toMatch(/3 steps/);
});
