import { describe, expect, test } from "vitest";
import { judge } from "../../../src/providers/judge/judge.ts";
import { asking } from "./offered-tools.ts";
import { jsonAnswers } from "./json-answers.ts";
import { planShapes } from "./plan-shapes.ts";

const spoken = (text: string, finish: "stop" | "length" = "stop") =>
  ({ text, tool_calls: [], finish }) as const;

describe("a plan", () => {
  test.each(planShapes)("$name", ({ text, calls, answer, problem, shows, finish = "stop" }) => {
    const judged = judge({ ...spoken(text), finish }, asking("How are things here?"));
    if (calls !== undefined) {
      expect(judged).toMatchObject({ kind: "call", how: "call_extracted" });
      if (judged.kind !== "call") return;
      expect(judged.calls.map(({ name, input }) => [name, JSON.parse(input)])).toEqual(calls);
      if (shows !== undefined) expect(judged.text).toBe(shows);
    } else if (answer !== undefined) expect(judged).toMatchObject({ kind: "answer", text: answer });
    else expect(judged).toMatchObject({ kind: "again", problem });
  });
});

describe("passes as it is", () => {
  test.each(jsonAnswers)("$said", ({ said, text }) => {
    expect(judge(spoken(text), asking(said))).toEqual({ kind: "fit" });
  });
});
