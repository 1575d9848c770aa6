import fc from "fast-check";
import { expect, test } from "vitest";
import { oneLineIntent } from "../../src/turn/intent.ts";

test.each([
  ["List the files", "List the files"],
  ["  two\n\tlines\u2028here ", "two lines here"],
  ["red \u001b[31malert", "red \\u{1b}[31malert"],
  ["read \u202Etxt.exe", "read \\u{202e}txt.exe"],
  ["in\u200bvis\u2060ible\u{E0041}", "invisible"],
  ["", "fallback"],
  ["\u200b\u2800 \u3164", "fallback"],
  ["\u0301", "fallback"],
  ["half \ud800 pair", "half \ufffd pair"],
  [42, "fallback"],
  [null, "fallback"],
  [{ intent: "x" }, "fallback"],
])("%j becomes %j", (given, line) => expect(oneLineIntent(given, "fallback")).toBe(line));

test("nothing given twice still says something", () => {
  expect(oneLineIntent(undefined, "\n")).toBe("no intent was given");
});

test("a cut falls between characters", () => {
  const line = oneLineIntent(`${"a".repeat(118)}😀😀`, "fallback");
  expect(line).toBe(`${"a".repeat(118)}…`);
});

test("one visible line of at most 120 units, whatever is given", () => {
  const nasty = fc.constantFrom(
    "\u202e",
    "\u001b",
    "\r\n",
    "\u200d",
    "\ud800",
    "😀",
    " ",
    "\u0085",
  );
  const text = fc
    .array(fc.oneof(nasty, fc.string({ unit: "binary", maxLength: 40 })))
    .map((parts) => parts.join(""));
  fc.assert(
    fc.property(fc.oneof(text, fc.anything()), text, (given, fallback) => {
      const line = oneLineIntent(given, fallback);
      expect(line.length).toBeGreaterThan(0);
      expect(line.length).toBeLessThanOrEqual(120);
      expect(line).toBe(line.trim());
      expect(line.isWellFormed()).toBe(true);
      expect(line).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Bidi_Control}]|\s\s/u);
      expect(line).toMatch(/[\p{L}\p{N}\p{P}\p{S}]/u);
      expect(oneLineIntent(line, fallback)).toBe(line);
    }),
    { numRuns: 1_000 },
  );
});
