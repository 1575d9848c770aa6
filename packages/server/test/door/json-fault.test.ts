import fc from "fast-check";
import { expect, test } from "vitest";
import { findJsonFault } from "../../src/door/json-fault.ts";

test.each([
  ["", 1, 1, "a value"],
  ['{"a":x}', 1, 6, "a value"],
  ['{"a":1 "b":2}', 1, 8, '"," or "}"'],
  ['{\n  "a": [1, 2,]\n}', 2, 14, "a value"],
  ["{'a':1}", 1, 2, 'a field name in double quotes or "}"'],
  ['{"a":1,}', 1, 8, "a field name in double quotes"],
  ["[1", 1, 3, '"," or "]"'],
  ['"a\nb"', 1, 1, "a value"],
  ["[1] x", 1, 5, "the end"],
  ['{"a" 1}', 1, 6, '":"'],
  ["[01]", 1, 3, '"," or "]"'],
])("%j fails at line %i, column %i", (text, line, column, expected) => {
  expect(findJsonFault(text)).toMatchObject({ line, column, expected });
});

const cut = (text: string, at: number, put: string) => text.slice(0, at) + put + text.slice(at + 1);
const damaged = fc
  .tuple(
    fc.json({ maxDepth: 4 }),
    fc.nat(),
    fc.constantFrom("", "{", "]", ",", '"', "\\", "0", "x", "\n", ":"),
  )
  .map(([text, at, put]) => cut(text, at % (text.length + 1), put));

test("finds a fault exactly where JSON.parse refuses, and what stands before it can be completed", () => {
  let refused = 0;
  fc.assert(
    fc.property(damaged, (text) => {
      const fault = findJsonFault(text);
      expect(fault === null).toBe(isJson(text));
      if (fault === null) return;
      refused += 1;
      expect(findJsonFault(text.slice(0, fault.offset))?.offset ?? fault.offset).toBe(fault.offset);
    }),
    { numRuns: 2_000 },
  );
  expect(refused).toBeGreaterThan(500);
});

test("depth does not exhaust the stack", () => {
  expect(findJsonFault("[".repeat(500_000))).toMatchObject({ column: 500_001 });
});

test("a megabyte in one string is no burden", () => {
  expect(findJsonFault(`["${"\\u0041x".repeat(150_000)}" x`)).toMatchObject({
    expected: '"," or "]"',
  });
});

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
