import { faultInWords } from "@mainstay/sdk/attempt-faults";
import type { JournalBody, JournalEvent } from "@mainstay/sdk/events";
import { expect, test } from "vitest";
import { limits } from "../../src/kernel/limits.ts";
import { NoModelAnswered, requestFaults } from "../../src/kernel/model.ts";
import { traits } from "../../src/providers/policy/codes.ts";
import { foldTurn } from "../../src/store/turn-record.ts";
import { modelParked } from "../../src/turn/parking.ts";

const beginning: JournalBody[] = [
  {
    ...{ type: "accepted", message: "go", urgency: "interactive", model: null },
    ...{ session_id: "ses_1", workspace_id: "ws_1", on_disconnect: "detach" },
  },
  { type: "started", fence: 1, waited_ms: 0, ahead: 0 },
];
const parked_before: JournalBody = { type: "parked", answer: "for now", cause: "503" };
const woken: JournalBody = { type: "retried", by: "groq answers again", after: "recovery" };
const wished: JournalBody = { type: "retried", by: "ada", after: "wish" };

const failed = (provider: string, code: string, message = "503") => ({
  ...{ provider, model: "m", code, message },
});

function parkedBy(
  failures: ReturnType<typeof failed>[],
  before: JournalBody[] = [],
  paused: string[] = [],
) {
  const events = [...beginning, ...before].map((body, i): JournalEvent => ({
    ...{ ...body, seq: i + 1, at: i },
  }));
  const isPaused = (provider: string) => paused.includes(provider);
  return modelParked(foldTurn(events), new NoModelAnswered(failures), { ...limits, isPaused });
}

test("the answer is short: what, each provider once in plain words, what comes", () => {
  const overloaded = failed("groq", "overload", "503: try later");
  const others = [failed("groq", "auth", "401"), failed("cohere", "unavailable", "it is resting")];
  const { answer, waits_for } = parkedBy([overloaded, overloaded, ...others]);
  expect(waits_for).toBe("model");
  expect(answer.split("\n")).toEqual([
    "No model could answer. Nothing was run or changed.",
    "- groq: it was overloaded; its key was refused",
    "- cohere: it is resting",
    expect.stringContaining("goes on by itself as soon as one answers"),
  ]);
});

test("where a pause is all that is in the way, it names what lifts it", () => {
  const failures = [failed("p", "unavailable", "this provider is paused"), failed("q", "cut")];
  const after = "It goes on by itself after: mainstay resume provider p";
  expect(parkedBy(failures, [], ["p"]).answer).not.toContain("mainstay resume");
  expect(parkedBy(failures.slice(0, 1), [], ["p"]).answer.split("\n").at(-1)).toBe(after);
  expect(parkedBy(failures, [], ["p", "q"]).answer).toContain(
    `${after}, or mainstay resume provider q`,
  );
});

test("a long list of providers is cut, and says so", () => {
  const { answer } = parkedBy(Array.from({ length: 40 }, (_, n) => failed(`p${n}`, "connect")));
  expect(answer).toContain("- p11: it could not be reached\n- and 28 more\n");
});

test.each([
  [["rejected", "content"], "person"],
  [["request_too_large"], "person"],
  [["rejected", "overload"], "model"],
  [["auth"], "model"],
  [[], "model"],
])("%j waits for a %s", (codes, waits_for) => {
  const { answer, ...parked } = parkedBy(codes.map((code) => failed("p", code)));
  expect(parked.waits_for).toBe(waits_for);
  expect(answer.includes("by itself as soon as")).toBe(waits_for === "model");
});

test("what went on by itself too often waits for a person; a person's wish lets it go on by itself again", () => {
  const wakes = (times: number) =>
    Array.from({ length: times }, () => [woken, parked_before]).flat();
  const after = (...before: JournalBody[]) =>
    parkedBy([failed("p", "overload")], [parked_before, ...before]).waits_for;
  const { wakes_without_progress } = limits;
  expect(after(...wakes(wakes_without_progress - 1))).toBe("model");
  expect(after(...wakes(wakes_without_progress))).toBe("person");
  expect(after(...wakes(wakes_without_progress), wished)).toBe("model");
});

test("for room in a rate it waits however often it is woken, and that does not count when a model fails later", () => {
  const short = ["rate", "unavailable", "request_too_large"].map((code) => failed("p", code));
  const wakes = Array.from({ length: 30 }, () => [woken, parkedBy(short)]).flat();
  expect(parkedBy(short, wakes)).toMatchObject({ waits_for: "model", no_fault: true });
  const mixed = parkedBy([failed("p", "rate"), failed("q", "overload")], wakes);
  expect(mixed.waits_for).toBe("model");
  expect(mixed).not.toHaveProperty("no_fault");
});

test("every code of an attempt has its own words, and is known where it blames the request", () => {
  const codes = Object.keys(traits);
  expect(codes.length).toBeGreaterThan(15);
  for (const code of codes)
    expect(faultInWords(code)).not.toBe(faultInWords("of an older journal"));
  for (const code of requestFaults)
    expect(traits[code as keyof typeof traits]).toMatchObject({ blames: "request" });
});
