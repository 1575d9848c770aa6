import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { judge } from "../../../src/providers/judge/judge.ts";
import { createPlanGate } from "../../../src/providers/judge/plan-gate.ts";
import { jsonAnswers } from "./json-answers.ts";
import { asking } from "./offered-tools.ts";
import { planShapes } from "./plan-shapes.ts";

const SAID = "How are things here?";

interface Streamed {
  readonly shown: string;
  readonly held: string;
}

function streamed(pieces: readonly string[], said: string): Streamed {
  const gate = createPlanGate(asking(said));
  const shown = pieces.map((piece) => gate.push(piece)).join("");
  return { shown, held: gate.end() };
}

const inPieces = (text: string, size: number): string[] =>
  Array.from({ length: Math.ceil(text.length / size) }, (_, i) =>
    text.slice(i * size, (i + 1) * size),
  );

function cutAt(text: string, cuts: readonly number[]): string[] {
  const places = cuts.map((cut) => cut % (text.length + 1)).toSorted((a, b) => a - b);
  return [0, ...places].map((from, i) => text.slice(from, places[i] ?? text.length));
}

const cuts = fc.array(fc.nat(), { maxLength: 12 });
const sizes = [1, 2, 3, 4, 5, 6, 7];

describe("a plan, streamed", () => {
  test.each(planShapes)("$name", ({ text, shows, restarts, finish = "stop" }) => {
    const whole = streamed([text], SAID);
    const judged = judge({ text, tool_calls: [], finish }, asking(SAID));
    if ((judged.kind === "call" || judged.kind === "answer") && restarts !== true) {
      expect(judged.text.startsWith(whole.shown)).toBe(true);
      expect(shows ?? whole.shown).toBe(whole.shown);
    }
    for (const size of sizes) expect(streamed(inPieces(text, size), SAID)).toEqual(whole);
    fc.assert(
      fc.property(cuts, (at) => {
        expect(streamed(cutAt(text, at), SAID)).toEqual(whole);
      }),
      { numRuns: 20 },
    );
  });
});

describe("an answer with JSON, streamed", () => {
  test.each(jsonAnswers)("$said", ({ said, text }) => {
    const check = (pieces: readonly string[]) => {
      const { shown, held } = streamed(pieces, said);
      expect(shown + held).toBe(text);
    };
    for (const size of sizes) check(inPieces(text, size));
    fc.assert(
      fc.property(cuts, (at) => check(cutAt(text, at))),
      { numRuns: 20 },
    );
  });
});

/** Texts of the pieces that mean something to the scanner, in any order. */
const mixed = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        ..."{}[]<>\":,'`~\\\n *#_|=/()".split(""),
        "```",
        "```json\n",
        '"a"',
        "\u200b",
        "\ufeff",
      ),
      fc.constantFrom("Action:", "Thought:", "<think>", "</think>", "<tool_call>", "[TOOL_CALLS]"),
      fc.constantFrom('{"command":"ls"}', '{"a":1}', '"command"', "Final Answer:", "Let me look."),
      fc.string({ unit: "binary", maxLength: 5 }),
      fc.lorem({ maxCount: 6 }),
    ),
    { maxLength: 30 },
  )
  .map((pieces) => pieces.join(""));

test("however a reply is cut, the same is shown and held", () => {
  fc.assert(
    fc.property(mixed, cuts, (text, at) => {
      expect(streamed(cutAt(text, at), SAID)).toEqual(streamed([text], SAID));
    }),
    { numRuns: 2_000 },
  );
});

test("of what is fit no unit is lost or doubled", () => {
  let fit = 0;
  fc.assert(
    fc.property(mixed, fc.constantFrom(SAID, "Give me JSON."), cuts, (text, said, at) => {
      const { kind } = judge({ text, tool_calls: [], finish: "stop" }, asking(said));
      const { shown, held } = streamed(cutAt(text, at), said);
      if (kind === "fit") {
        fit += 1;
        expect(shown + held).toBe(text);
      }
    }),
    { numRuns: 2_000 },
  );
  expect(fit).toBeGreaterThan(300);
});

test("what was shown is the beginning of what is judged fit to be shown", () => {
  fc.assert(
    fc.property(mixed, cuts, (text, at) => {
      fc.pre(!text.includes("</think"));
      const judged = judge({ text, tool_calls: [], finish: "stop" }, asking(SAID));
      if (judged.kind !== "call" && judged.kind !== "answer") return;
      expect(judged.text.startsWith(streamed(cutAt(text, at), SAID).shown)).toBe(true);
    }),
    { numRuns: 2_000 },
  );
});

test("ordinary prose and code do not wait", () => {
  const gate = createPlanGate(asking(SAID));
  const words = "It runs `npm test` [here](x), see:\n```ts\nconst a = { b: [1] };\n```\nDone {ok}.";
  const longest = words.split("").reduce(
    ({ late, most }, char) => {
      const now = late + 1 - gate.push(char).length;
      return { late: now, most: Math.max(most, now) };
    },
    { late: 0, most: 0 },
  );
  expect(longest.most).toBeLessThan(12);
  expect(gate.end()).toBe("");
});

const hostile = [
  "{",
  "[",
  '{"a":',
  "<",
  "`",
  '"',
  '"{',
  "{a",
  "Action:\n",
  "Thought:\n",
  "<think>",
];
const more = [
  "```\n{",
  '{"a":1}',
  "`{",
  '{"',
  '{"command":',
  "[[{",
  "\n",
  "<tool_call>",
  "\\",
  "{/*",
];
/** In these a mark of a model's own format is found, so that all of it is read as calls. */
const calls = [
  'read_file({"path":"x"})\n',
  "<tool_call><read_file>",
  '<tool_call>{"a" ',
  "<tool_call>read_file<arg_key>",
  '<invoke name="read_file"><parameter name="path">',
  '{"action":"read_file"}',
];

test.each([...hostile, ...more, ...calls])("much of %j takes work in proportion", (unit) => {
  const text = unit.repeat(250_000 / unit.length);
  const within = (work: () => unknown) => {
    const began = process.cpuUsage();
    work();
    return process.cpuUsage(began).user / 1e6;
  };
  const judged_s = within(() => judge({ text, tool_calls: [], finish: "stop" }, asking(SAID)));
  const gated_s = within(() => streamed(inPieces(text, 3), SAID));
  expect({ unit, judged_s, gated_s, is_slow: judged_s > 2 || gated_s > 2 }).toMatchObject({
    is_slow: false,
  });
});
