import { array, assert, constantFrom, integer, property } from "fast-check";
import { expect, test } from "vitest";
import { exactRows, proseRows } from "../src/terminal/rows.ts";

const lines = array(constantFrom("a", "bc", " ", "  ", "-", "漢", "🚀", "\\u{202e}"), {
  maxLength: 60,
}).map((pieces) => pieces.join(""));
const widths = integer({ min: 3, max: 40 });

/** As a terminal counts the characters above. */
const columnsOf = (row: string) =>
  Array.from(row).reduce((sum, char) => sum + (char === "漢" || char === "🚀" ? 2 : 1), 0);

test("rows of a command together are the command, each fits, and no space hides at an end", () => {
  assert(
    property(lines, widths, (line, columns) => {
      const rows = exactRows(line, columns);
      expect(rows.join("")).toBe(line);
      for (const row of rows) expect(columnsOf(row)).toBeLessThanOrEqual(columns);
      for (const row of rows.slice(0, -1)) if (row.trim() !== "") expect(row).toMatch(/\S$/u);
    }),
    { numRuns: 1_000 },
  );
});

test("rows of prose have its words in order, each fits, and words stay whole where they can", () => {
  assert(
    property(lines, widths, (text, columns) => {
      const rows = proseRows(text, columns);
      const words = text.split(/\s+/).filter(Boolean);
      expect(rows.join("").replaceAll(" ", "")).toBe(words.join(""));
      for (const row of rows) expect(columnsOf(row)).toBeLessThanOrEqual(columns);
      if (words.every((word) => columnsOf(word) <= columns))
        expect(rows.flatMap((row) => row.split(" ")).filter(Boolean)).toEqual(words);
    }),
    { numRuns: 1_000 },
  );
});

test("spaces that begin a row leave room for a wide character, or make a row of their own", () => {
  expect(exactRows("a  🚀", 3)).toEqual(["a", "  ", "🚀"]);
});

test("without a width nothing is cut", () => {
  expect(exactRows("x".repeat(5_000), Infinity)).toHaveLength(1);
  expect(proseRows("two  words", Infinity)).toEqual(["two words"]);
});
