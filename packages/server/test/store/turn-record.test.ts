import { JournalBody, type JournalEvent } from "@mainstay/sdk/events";
import { isSettled, type Usage } from "@mainstay/sdk/turn";
import fc from "fast-check";
import { expect, test } from "vitest";
import { JournalCorrupt } from "../../src/store/journal-corrupt.ts";
import { foldTurn } from "../../src/store/turn-record.ts";
import {
  accepted,
  asks,
  attempt,
  cancelRequested,
  commandEffect,
  decided,
  exited,
  fileEffect,
  journalOf,
  parked,
  resumed,
  retried,
  settled,
  started,
  stepEnded,
  toolEnded,
  toolStarted,
  walk,
} from "./journal-walk.ts";
import { AT } from "./population.ts";

const anyJournal = fc.array(fc.nat(1000), { maxLength: 60, size: "max" }).map(walk);
const prefixes = (journal: readonly JournalEvent[]) =>
  journal.map((_, i) => journal.slice(0, i + 1));
const fold = (...bodies: Parameters<typeof journalOf>) => foldTurn(journalOf(...bodies));
const running = [accepted, started, attempt(1, 1)] as const;

test("every beginning of a valid journal folds, and what it tells holds together", () => {
  const seen = new Set<string>();
  fc.assert(
    fc.property(anyJournal, (journal) => {
      for (const prefix of prefixes(journal)) {
        const record = foldTurn(prefix);
        const last = prefix.at(-1)!;
        expect(record.last_event).toBe(prefix.length);
        expect(isSettled(record.state)).toBe(last.type === "settled");
        expect(record.settled_at).toBe(last.type === "settled" ? last.at : null);
        expect(record.parked !== null).toBe(record.state === "parked");
        for (const step of record.steps)
          expect(step.calls.map((call) => call.call_id)).toEqual(
            step.tool_calls.map((call) => call.id),
          );
        const calls = record.steps.flatMap((step) => step.calls);
        const begun = calls.filter(
          (call) => call.state === "started" && call.effect.kind === "command",
        );
        const open = record.commands.filter((command) => command.outcome === "running");
        expect(open.length).toBe(begun.length);
        if (record.state === "awaiting_approval")
          expect(calls.some((call) => call.state === "awaiting")).toBe(true);
        seen.add(last.type);
      }
    }),
    { numRuns: 150 },
  );
  // All but what becomes of an event long after.
  expect(seen.size).toBe(JournalBody.options.length - 1);
});

test("J4: a journal with a gap, a repetition or another beginning is corrupt", () => {
  fc.assert(
    fc.property(anyJournal, fc.nat(), (journal, at) => {
      const i = at % (journal.length - 1);
      expect(() => foldTurn(journal.toSpliced(i, 1))).toThrow(JournalCorrupt);
      expect(() => foldTurn(journal.toSpliced(i, 0, journal[i]!))).toThrow(JournalCorrupt);
    }),
  );
  expect(() => foldTurn([])).toThrow(JournalCorrupt);
  expect(() => fold(started)).toThrow("begins with started");
  expect(() => fold(accepted, accepted)).toThrow(JournalCorrupt);
});

test("J5: nothing comes after the turn was settled", () => {
  fc.assert(
    fc.property(
      anyJournal,
      fc.constantFrom(resumed, cancelRequested, settled("done")),
      (journal, late) => {
        const bodies = [...journal, { ...late, seq: journal.length + 1, at: AT }];
        expect(() => foldTurn(bodies)).toThrow("after the turn was settled");
      },
    ),
  );
});

test("events of a step or call that nobody heard of are corrupt", () => {
  expect(() => fold(accepted, started, toolEnded(1, "c", "ok"))).toThrow("in step 1");
  expect(() => fold(...running, stepEnded(1, "", "a"), toolEnded(1, "b", "ok"))).toThrow(
    "no call b",
  );
  expect(() => fold(...running, stepEnded(1, "", "a"), decided(1, "a", "deny"))).toThrow("apr-1-a");
});

test("each event moves the state where the journal says", () => {
  const way = [
    accepted,
    started,
    attempt(1, 1),
    stepEnded(1, "", "a"),
    asks(1, "a"),
    decided(1, "a", "approve"),
    started,
    parked,
    retried,
    started,
    settled("failed"),
  ];
  expect(prefixes(journalOf(...way)).map((prefix) => foldTurn(prefix).state)).toEqual([
    "queued",
    "running",
    "running",
    "running",
    "awaiting_approval",
    "queued",
    "running",
    "parked",
    "queued",
    "running",
    "failed",
  ]);
});

test("a turn that waits and is cancelled goes back to the queue to end; a running one runs on", () => {
  const asked = [...running, stepEnded(1, "", "a"), asks(1, "a")];
  expect(fold(...asked, cancelRequested)).toMatchObject({
    state: "queued",
    cancel_requested_by: "Ann",
  });
  expect(fold(...running, parked, cancelRequested)).toMatchObject({
    state: "queued",
    parked: null,
  });
  expect(fold(...running, cancelRequested).state).toBe("running");
});

test("J3: a call says how far it came, so that a resume goes on from there", () => {
  const journal = journalOf(
    ...running,
    stepEnded(1, "first", "a", "b"),
    asks(1, "a"),
    decided(1, "a", "approve"),
    started,
    toolStarted(1, "a", commandEffect("a")),
    toolEnded(1, "a", "ok", exited),
  );
  const began = { tool: "shell", intent: "build it", effect: commandEffect("a") };
  expect(
    prefixes(journal)
      .slice(3)
      .map((prefix) => foldTurn(prefix).steps[0]!.calls[0]),
  ).toEqual([
    { call_id: "a", state: "proposed" },
    { call_id: "a", state: "awaiting", approval_id: "apr-1-a" },
    { call_id: "a", state: "decided", approval_id: "apr-1-a", decision: "approve", by: "Ann" },
    { call_id: "a", state: "decided", approval_id: "apr-1-a", decision: "approve", by: "Ann" },
    { call_id: "a", state: "started", ...began },
    { call_id: "a", state: "ended", outcome: "ok", result: "said", command: exited, began },
  ]);
  expect(foldTurn(journal).steps[0]!.calls[1]).toEqual({ call_id: "b", state: "proposed" });
});

test("call ids count within their step: another step may use them again", () => {
  const record = fold(
    ...running,
    stepEnded(1, "", "a"),
    toolEnded(1, "a", "error"),
    attempt(2, 1),
    stepEnded(2, "", "a"),
    asks(2, "a"),
    decided(2, "a", "deny"),
  );
  expect(record.steps.map((step) => step.calls[0]!.state)).toEqual(["ended", "decided"]);
});

test("a command has its real result, or a plain word that there is none", () => {
  const begun = [...running, stepEnded(1, "", "a"), toolStarted(1, "a", commandEffect("a"))];
  const outcome = (...more: Parameters<typeof journalOf>) => fold(...begun, ...more).commands[0];
  const interrupted = { ...exited, outcome: "interrupted", exit_code: null } as const;
  expect(outcome()).toMatchObject({ id: "cmd-a", outcome: "running", exit_code: null });
  expect(outcome(toolEnded(1, "a", "ok", exited))).toMatchObject({
    outcome: "exited",
    exit_code: 0,
    duration_ms: 12,
    intent: "build it",
    executed_digest: "d1",
  });
  expect(outcome(toolEnded(1, "a", "error", interrupted))).toMatchObject({
    outcome: "interrupted",
  });
  expect(outcome(toolEnded(1, "a", "denied"))).toMatchObject({ outcome: "denied" });
  expect(outcome(toolEnded(1, "a", "unknown"))).toMatchObject({ outcome: "unknown" });
  expect(outcome(toolEnded(1, "a", "error"))).toMatchObject({ outcome: "unknown" });
  expect(outcome(settled("cancelled"))).toMatchObject({ outcome: "unknown" });
  expect(fold(...running, stepEnded(1, "", "a"), toolEnded(1, "a", "denied")).commands).toEqual([]);
});

test("edits are those that ended well", () => {
  const edit = (outcome: "ok" | "error") =>
    fold(
      ...running,
      stepEnded(1, "", "a"),
      toolStarted(1, "a", fileEffect("a")),
      toolEnded(1, "a", outcome),
    ).edits;
  expect(edit("ok")).toEqual([
    { id: "edit-a", call_id: "a", path: "a.txt", before_sha256: null, after_sha256: "h2" },
  ]);
  expect(edit("error")).toEqual([]);
});

test("usage adds up over the steps; a parked answer is provisional; the settled one stands", () => {
  const asked = [...running, stepEnded(1, "", "a"), toolEnded(1, "a", "error"), stepEnded(2, "hm")];
  expect(fold(...asked)).toMatchObject({
    usage: { input_tokens: 20, output_tokens: 6 },
    answer: null,
    mode: "full",
    provider: "groq",
  });
  expect(fold(...asked, parked)).toMatchObject({
    answer: "for now",
    mode: "offline",
    provider: null,
  });
  expect(fold(...asked, parked, retried)).toMatchObject({ answer: null, mode: null });
  expect(fold(...asked, parked, settled("done"))).toMatchObject({
    answer: "all tidy",
    mode: "full",
    model: "m",
    error: null,
  });
});

test("J7: resumes count until the turn gets on", () => {
  const count = (...more: Parameters<typeof journalOf>) =>
    fold(...running, resumed, resumed, ...more).resumes_without_progress;
  expect(count()).toBe(2);
  expect(count(attempt(1, 2), { type: "step_restarted", step: 1, attempt: 2, cause: "cut" })).toBe(
    2,
  );
  expect(count(stepEnded(1, "", "a"))).toBe(0);
  expect(count(stepEnded(1, "", "a"), resumed, toolStarted(1, "a", { kind: "none" }))).toBe(1);
  expect(count(stepEnded(1, "", "a"), resumed, toolEnded(1, "a", "ok"))).toBe(0);
  expect(count(stepEnded(1, "", "a"), asks(1, "a"), resumed, decided(1, "a", "deny"))).toBe(0);
  expect(count(parked, retried)).toBe(0);
});

test("J7: only a resume after a restart counts; one of an older journal, which does not say, does", () => {
  const after = (why: "approval" | "retry" | "restart"): JournalBody =>
    JournalBody.parse({ ...resumed, after: why });
  const count = (...more: JournalBody[]) => fold(...running, ...more).resumes_without_progress;
  expect(count(parked, retried, after("retry"))).toBe(0);
  expect(count(parked, retried, after("retry"), after("restart"), after("restart"))).toBe(2);
  const consented = [stepEnded(1, "", "a"), asks(1, "a"), decided(1, "a", "approve")];
  expect(count(...consented, after("approval"))).toBe(0);
  expect(count(...consented, after("approval"), after("restart"))).toBe(1);
  expect(count(resumed)).toBe(1);
});

test("a step that is too long for a model stays so until its history is shorter", () => {
  const too_long: JournalBody = {
    ...{ type: "attempt_failed", step: 1, attempt: 1, code: "context_too_long", message: "400" },
    ...{ provider: "groq", model: "m" },
  };
  const compacted: JournalBody = {
    ...{ type: "compacted", step: 1, times: 1, left_out: 2 },
    ...{ tokens_before: 900, tokens_after: 400 },
  };
  const of = (...more: JournalBody[]) => fold(...running, attempt(1, 1), ...more);
  const model = { provider: "groq", model: "m" };
  expect(of(too_long).steps[0]).toMatchObject({ attempt: 1, too_long_for: model });
  expect(of(too_long, compacted)).toMatchObject({
    compacted: { times: 1, tokens_after: 400 },
    steps: [{ too_long_for: null }],
  });
  expect(of({ ...too_long, code: "overload" } as JournalBody).steps[0]!.too_long_for).toBe(null);
});

test("why it was not the first choice belongs to the answer that stands", () => {
  const why = "cerebras: it was overloaded";
  const reduced: JournalBody = { ...stepEnded(1, "hello"), why } as JournalBody;
  const whyOf = (...bodies: JournalBody[]) => fold(...running, ...bodies).why;
  expect(whyOf(reduced, settled("done"))).toBe(why);
  expect(whyOf(reduced, stepEnded(2, "hello"), settled("done"))).toBeNull();
  expect(whyOf(reduced, parked)).toBeNull();
  expect(whyOf(reduced, parked, retried)).toBeNull();
  expect(whyOf(reduced, { ...settled("failed"), provider: null } as JournalBody)).toBeNull();
});

test("usage is of all attempts; one that nobody saw end is open until it is written off", () => {
  const begun = { ...attempt(1, 1), credential: "k1", input_tokens: 9 } as JournalBody;
  const failed = (usage?: Usage): JournalBody => ({
    ...{ type: "attempt_failed", step: 1, attempt: 1, provider: "groq", model: "m" },
    ...{ code: "cut", message: "gone", ...(usage && { usage, estimated: true }) },
  });
  const took = failed({ input_tokens: 9, output_tokens: 4 });
  expect(fold(accepted, started, begun).steps[0]?.open_attempt).toEqual({
    ...{ attempt: 1, provider: "groq", model: "m" },
    bill: { credential: "k1", input_tokens: 9 },
  });
  const second = [attempt(1, 2), failed(), attempt(1, 3), stepEnded(1, "hello")];
  const whole = fold(accepted, started, begun, took, ...second);
  expect(whole.usage).toEqual({ input_tokens: 19, output_tokens: 7 });
  for (const end of [took, stepEnded(1, "hello")])
    expect(fold(accepted, started, begun, end).steps[0]?.open_attempt).toBeNull();
});
