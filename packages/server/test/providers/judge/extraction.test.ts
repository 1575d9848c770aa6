import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { judge } from "../../../src/providers/judge/judge.ts";
import { createPlanGate } from "../../../src/providers/judge/plan-gate.ts";
import { asking } from "./offered-tools.ts";
import { type OrdinaryAnswer, ordinaryAnswers, uncalled } from "./ordinary-answers.ts";
import { planShapes } from "./plan-shapes.ts";

const SAID = "How are things here?";

const judged = ({ text, said = SAID, seen }: Omit<OrdinaryAnswer, "name">) =>
  judge(
    { text, tool_calls: [], finish: "stop" },
    { ...asking(said), messages: seen === undefined ? [] : [{ text: seen }] },
  );

describe("reaches the person as it is", () => {
  test.each(ordinaryAnswers)("$name", (answer) => {
    expect(judged(answer)).toEqual({ kind: "fit" });
    const gate = createPlanGate(asking(answer.said ?? SAID));
    expect(gate.push(answer.text) + gate.end()).toBe(answer.text);
  });
});

describe("is no call", () => {
  test.each(uncalled)("$name", (answer) => expect(judged(answer).kind).toBe("again"));
});

const wrappings: readonly ((text: string) => string)[] = [
  (text) => text,
  (text) => `\`\`\`\n${text}\n\`\`\``,
  (text) => `\`\`\`json\n${text}\n\`\`\``,
  (text) => `\`\`\`tool_call\n${text}\n\`\`\``,
  (text) => `\`${text}\``,
  (text) => `<tool_call>${text}</tool_call>`,
  (text) => `<function_calls>${text}</function_calls>`,
  (text) => `[TOOL_CALLS] [${text}]`,
  (text) => `<|python_tag|>${text}`,
  (text) => `{"tool_calls":[${text}]}`,
  (text) => `{"response":${text}}`,
  (text) => `{"thought":"look","steps":[${text}]}`,
  (text) => JSON.stringify(text),
  (text) => `I'll list the files:\n${text}`,
  (text) => `<think>It is plain.</think>${text}`,
  (text) => text.replace(/\s+/g, "\n  "),
  (text) => text.replaceAll('"', "'"),
];

const callShapes = planShapes.filter(({ calls }) => calls !== undefined);

test("what a model was shown it may repeat in any wrapping: it is never a call", () => {
  expect(callShapes.length).toBeGreaterThan(60);
  fc.assert(
    fc.property(
      fc.constantFrom(...callShapes),
      fc.array(fc.constantFrom(...wrappings), { maxLength: 3 }),
      fc.lorem({ maxCount: 40 }),
      (shape, wraps, around) => {
        const text = wraps.reduce((inner, wrap) => wrap(inner), shape.text);
        const seen = `${around}\n${shape.text}\n${around}`;
        expect(judged({ text, seen }).kind).not.toBe("call");
      },
    ),
    { numRuns: 1_500 },
  );
});

const calling = (name: string, input: string, finish: "tool_calls" | "length" = "tool_calls") =>
  judge({ text: "", tool_calls: [{ id: "c1", name, input }], finish }, asking(SAID));

describe("a call of the model's own", () => {
  test.each([
    ["a comma too many", "shell", '{"command":"ls",}'],
    ["single quotes", "shell", "{'command':'ls'}"],
    ["double encoding", "shell", '"{\\"command\\":\\"ls\\"}"'],
    ["a fence", "shell", '```json\n{"command":"ls"}\n```'],
    ["another agent's names", "bash", '{"cmd":"ls"}'],
  ])("is put right: %s", (_, name, input) => {
    const made = calling(name, input);
    expect(made).toMatchObject({ kind: "call", calls: [{ name: "shell" }] });
    expect(made.kind === "call" && JSON.parse(made.calls[0]!.input)).toEqual({ command: "ls" });
    if (name === "shell") expect(calling(name, input, "length").kind).toBe("again");
  });

  test.each([
    ["an open brace", '{"command":"rm -r build"'],
    ["an open brace after a pause", '{"command":"rm -r build", "intent":"clean"'],
    ["an open string", '{"command":"rm -r bui'],
    ["a quote to be guessed at", '{"command":"rm -r "build" x"}'],
    ["keys without quotes", "{command: ls}"],
    ["more than one object", '{"command":"ls",}{"command":"rm -r build"}'],
  ])("is not made: %s", (_, input) => {
    expect(calling("shell", input)).toMatchObject({ kind: "again", problem: "invalid_call" });
  });
});

const sessions = join(import.meta.dirname, "../../../../../../shared/data/pi-sessions");
const is_here = existsSync(sessions);

interface Line {
  readonly message?: { readonly role: string; readonly content: unknown };
}

/** What coding agents' models told people in two real sessions. */
function told(): string[] {
  const files = ["large-session.jsonl", "before-compaction.jsonl"];
  const lines = files.flatMap((file) => readFileSync(join(sessions, file), "utf8").split("\n"));
  return lines
    .filter((line) => line !== "")
    .flatMap((line) => {
      const { message } = JSON.parse(line) as Line;
      if (message?.role !== "assistant" || !Array.isArray(message.content)) return [];
      const parts = message.content as { type: string; text?: string }[];
      return parts.flatMap(({ type, text }) => (type === "text" && text ? [text] : []));
    });
}

test.skipIf(!is_here)("what models told people in real sessions is fit (needs pi-sessions)", () => {
  const texts = told().filter((text) => text.trim() !== "");
  expect(texts.length).toBeGreaterThan(100);
  const unfit = texts.filter((text) => judged({ text }).kind !== "fit");
  expect(unfit).toEqual([]);
});
