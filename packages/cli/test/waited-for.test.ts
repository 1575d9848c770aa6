import type { ClientEvent, JournalBody } from "@mainstay/sdk/events";
import { expect, test } from "vitest";
import { heard, no_wait, waitingText } from "../src/conversation/waited-for.ts";

type Told = [at_ms: number, event: JournalBody | Extract<ClientEvent, { type: "delta" }>];

const asked = (model: string): JournalBody => ({
  ...{ type: "attempt_started", step: 1, attempt: 1, provider: "groq", model, why: "first" },
});
const word = (text: string): Extract<ClientEvent, { type: "delta" }> => ({
  ...{ type: "delta", step: 1, attempt: 1, offset: 0, text },
});
const call = { step: 1, call_id: "call_1" };
const stepEnded = (calls: number): JournalBody => ({
  ...{ type: "step_ended", step: 1, attempt: 1, text: "", finish: "tool_calls", mode: "full" },
  ...{ provider: "groq", model: "large", usage: { input_tokens: 1, output_tokens: 1 } },
  tool_calls: Array.from({ length: calls }, (_, i) => ({
    ...{ id: `call_${i + 1}`, name: "shell", input: "{}" },
  })),
});
const began: JournalBody = {
  ...{ type: "tool_started", ...call, tool: "shell", intent: "" },
  effect: {
    ...{ kind: "command", command_id: "cmd_1", command: "npm test", verdict: "ask" },
    ...{ agreed_by: "Ada", planned_digest: "" },
  },
};
const toolEnded: JournalBody = {
  ...{ type: "tool_ended", ...call, outcome: "ok", result: "", command: null },
};
const requested: JournalBody = {
  ...{ type: "approval_requested", ...call, approval_id: "apr_1", tool: "shell", intent: "" },
  ...{ command: "npm test", reason: "", expires_at: "" },
};
const decided: JournalBody = {
  ...{ type: "approval_decided", approval_id: "apr_1", call_id: "call_1" },
  ...{ decision: "approve", by: "Ada" },
};

/** What is said `at_ms`, after all that was told before. */
function saidAt(now_ms: number, told: Told[]): string | null {
  const at = (wait: typeof no_wait, [at_ms, event]: Told) =>
    heard(wait, { seq: 1, at: 0, ...event } as ClientEvent, at_ms);
  return waitingText(told.reduce(at, no_wait).waited, now_ms);
}

test("a model is waited for from the question to its first word, and from each word to the next", () => {
  expect(saidAt(12_000, [[0, asked("large")]])).toBe(
    "waiting for the model groq/large: no answer for 12 s",
  );
  const spoke: Told[] = [
    [0, asked("large")],
    [5_000, word("Well, ")],
  ];
  expect(saidAt(12_000, spoke)).toBe("waiting for the model groq/large: no word for 7 s");
});

test("another model that is tried is the one that is waited for", () => {
  const told: Told[] = [
    [0, asked("large")],
    [9_000, asked("small")],
  ];
  expect(saidAt(12_000, told)).toBe("waiting for the model groq/small: no answer for 3 s");
});

test("a running command is waited for, never the model that asked for it", () => {
  const told: Told[] = [
    [0, asked("large")],
    [1_000, stepEnded(1)],
    [2_000, began],
  ];
  expect(saidAt(65_000, told)).toBe("waiting for the command: 1 min 3 s");
  expect(saidAt(99_000, [...told, [90_000, toolEnded]])).toBe(
    "waiting for the model: no answer for 9 s",
  );
});

test("between two calls of a step nobody is waited for", () => {
  const told: Told[] = [
    [0, asked("large")],
    [1_000, stepEnded(2)],
    [2_000, began],
    [3_000, toolEnded],
  ];
  expect(saidAt(9_000, told)).toBeNull();
});

test("a command's progress is told as of when it was heard, and its clock goes on", () => {
  const progress = {
    ...{ type: "progress", call_id: "call_1", elapsed_ms: 60_000, wall_ms: 600_000 },
    ...{ output_bytes: 3_400_000, last_line: "  Compiling\n serde ", percent: 45.7 },
  };
  const told = [
    [0, stepEnded(1)],
    [0, began],
    // It was adopted: it is older than this client knows of.
    [1_000, progress],
  ] as Told[];
  expect(saidAt(5_000, told)).toBe(
    "waiting for the command: 1 min 4 s of 10 min · 3.4 MB · 45 % · Compiling serde",
  );
});

test("a command that ran on while the server was away is waited for again", () => {
  const adopted: JournalBody = { type: "tool_adopted", ...call, took_ms: 4 };
  const resumed: JournalBody = { type: "resumed", fence: 2, cause: "restart", after: "restart" };
  const progress = {
    ...{ type: "progress", call_id: "call_1", elapsed_ms: 60_000, wall_ms: 600_000 },
    ...{ output_bytes: 3_400_000, last_line: "", percent: null },
  };
  const told: Told[] = [
    [0, stepEnded(1)],
    [0, began],
    [1_000, resumed],
    [2_000, adopted],
  ];
  expect(saidAt(5_000, told)).toBe("waiting for the command: 3 s");
  const heardOf = [...told, [3_000, progress]] as Told[];
  expect(saidAt(5_000, heardOf)).toBe("waiting for the command: 1 min 2 s of 10 min · 3.4 MB");
});

test("where a person is asked nothing is said to be slow", () => {
  const told: Told[] = [
    [0, stepEnded(1)],
    [1_000, requested],
  ];
  expect(saidAt(99_000, told)).toBeNull();
  expect(saidAt(99_000, [...told, [50_000, decided]])).toBeNull();
});
