import type { JournalBody, JournalEvent } from "@mainstay/sdk/events";
import { expect, test } from "vitest";
import { createStory } from "../src/story.ts";

const call = { step: 1, call_id: "call_1" };
const planned: JournalEvent = {
  ...{ seq: 1, at: 0, type: "tool_started", ...call, tool: "shell", intent: "test" },
  effect: {
    ...{ kind: "command", command_id: "cmd_1", command: "npm\u202e test", verdict: "ask" },
    ...{ reason: "npm runs code of this workspace", part: "npm test", consent: "rule" },
    ...{ agreed_by: "rule: npm test (made by Ada)", agreement_id: "rule_1", planned_digest: "aa" },
  },
};
const ended = (executed_digest: string): JournalEvent => ({
  ...{ seq: 2, at: 1_000, type: "tool_ended", ...call, outcome: "ok", result: "fine" },
  command: {
    ...{ outcome: "exited", exit_code: 0, signal: null, timed_out: false, cancelled: false },
    ...{ duration_ms: 1, output_bytes: 0, output_sha256: null, executed_digest },
  },
});

test("of a command it tells verdict, reason, part, who agreed by what, and both digests", () => {
  const story = createStory();
  expect(story(planned)).toEqual([
    "   1      +0.000 s  shell: test: npm\\u{202e} test",
    "                    verdict ask, because npm runs code of this workspace: npm test",
    "                    agreed by rule: npm test (made by Ada) (rule, rule_1)",
    "                    planned aa",
  ]);
  expect(story(ended("aa")).at(-1)).toBe("                    executed aa, as planned");
});

test("what ran and was not planned stands out", () => {
  const story = createStory();
  story(planned);
  expect(story(ended("bb")).at(-1)).toBe("                    executed bb, NOT what was planned");
});

test("a consent that is asked for tells what would happen; older journals tell less", () => {
  const story = createStory();
  const requested: JournalEvent = {
    ...{ seq: 1, at: 0, type: "approval_requested", ...call, approval_id: "apr_1", tool: "shell" },
    ...{ intent: "", command: "npm test", reason: "it runs code", expires_at: "" },
  };
  const [, why, ...says] = story({ ...requested, says: ["runs npm test"] });
  expect([why, says]).toEqual([
    "                    why: it runs code",
    ["                    it runs npm test"],
  ]);
  expect(story(requested)).toHaveLength(2);
  const older = { kind: "command", command_id: "cmd_1", command: "ls", verdict: "safe" } as const;
  const effect = { ...older, agreed_by: "policy: read-only", planned_digest: "aa" };
  expect(story({ ...planned, effect } as JournalEvent).slice(1)).toEqual([
    "                    verdict safe",
    "                    agreed by policy: read-only",
    "                    planned aa",
  ]);
});

test("of an edit it tells what was edited, and leaves its diff to others", () => {
  const story = createStory();
  const effect = { kind: "edit" as const, edit_id: "edit_1", files: [] };
  story({
    ...{ seq: 1, at: 0, type: "tool_started", ...call, tool: "edit_file" },
    intent: "",
    effect,
  });
  const result = "edited a (+1 −1 lines)\n--- a\n+++ a\n@@ -1 +1 @@\n-a\n+b";
  const end = { type: "tool_ended", ...call, outcome: "ok", result, command: null } as const;
  expect(story({ seq: 2, at: 0, ...end })).toEqual([
    "   2      +0.000 s  ok: edited a (+1 −1 lines)",
  ]);
});

test("a parked turn is told to its last word, and its going on once", () => {
  const story = createStory();
  const next = `It goes on by itself. ${"You can also retry it. ".repeat(12)}`.trim();
  const answer = `No model could answer.\n- groq/big: it was overloaded\n\n${next}`;
  const bodies: JournalBody[] = [
    { type: "parked", answer, cause: "groq: overloaded", waits_for: "model" },
    { type: "retried", by: "groq can be asked again", after: "recovery" },
    { type: "resumed", fence: 2, cause: "it was told to go on", after: "retry" },
  ];
  const lines = bodies.flatMap((body, i) => story({ ...body, seq: i + 1, at: 0 }));
  expect(lines.map((line) => line.slice(20).trim())).toEqual([
    "parked, groq: overloaded",
    "No model could answer.",
    "- groq/big: it was overloaded",
    next,
    "goes on: groq can be asked again",
    "started again",
  ]);
});

test("of an attempt it tells who was not asked, what it took, and what of that is an estimate", () => {
  const story = createStory();
  const at = { step: 1, attempt: 1, provider: "groq", model: "big" };
  const usage = { input_tokens: 1_200, output_tokens: 30 };
  const passed_over = [{ provider: "cerebras", model: "fast", why: "it failed lately" }];
  const bodies: JournalBody[] = [
    { type: "attempt_started", ...at, why: "the first that may be asked", passed_over },
    { type: "attempt_failed", ...at, code: "cut", message: "gone", usage, estimated: true },
    { type: "attempt_failed", ...at, code: "rate", message: "slow down" },
    {
      ...{
        type: "step_ended",
        ...at,
        text: "Hi.",
        tool_calls: [],
        finish: "stop",
        mode: "reduced",
      },
      ...{ usage, why: "cerebras: it failed lately" },
    },
    {
      ...{
        type: "step_ended",
        ...at,
        text: "Hi.",
        tool_calls: [],
        finish: "stop",
        mode: "offline",
      },
      usage: { input_tokens: 0, output_tokens: 0 },
    },
  ];
  const lines = bodies.map((body, i) => story({ ...body, seq: i + 1, at: 0 }).slice(1));
  expect(lines.map((rest) => rest.map((line) => line.trim()))).toEqual([
    ["not cerebras/fast: it failed lately"],
    ["took about 1200 tokens in, 30 out"],
    [],
    ["not the first choice: cerebras: it failed lately", "took 1200 tokens in, 30 out"],
    [],
  ]);
});
