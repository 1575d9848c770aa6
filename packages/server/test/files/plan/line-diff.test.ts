import { applyPatch, parsePatch } from "diff";
import fc from "fast-check";
import { expect, test } from "vitest";
import { lineDiff } from "../../../src/files/plan/line-diff.ts";

/** Few different lines, so that many are equal by chance, and texts with and without a last newline. */
const text = fc
  .tuple(
    fc.array(fc.constantFrom("", "a", "b", "c\r", "\r"), { maxLength: 40 }),
    fc.constantFrom("", "\n"),
  )
  .map(([lines, end]) => lines.join("\n") + end);

const patchOf = (before: string, after: string): string =>
  lineDiff({ path: "f", text: before }, { path: "f", text: after })!.lines.join("\n") + "\n";

test("a diff makes one text of the other, and its lines stand where its hunks say", () => {
  fc.assert(
    fc.property(text, text, fc.integer({ min: 0, max: 30 }), (one, other, equal_lines) => {
      const equal = "same\n".repeat(equal_lines);
      const [before, after] = [equal + one + equal, equal + other + equal];
      const patch = patchOf(before, after);
      expect(applyPatch(before, patch, { autoConvertLineEndings: false })).toBe(after);
      const [{ hunks } = { hunks: [] }] = parsePatch(patch);
      const old_lines = before.split("\n");
      for (const { oldStart, lines } of hunks) {
        const told = lines.filter((line) => /^[ -]/.test(line)).map((line) => line.slice(1));
        const first = Math.max(0, oldStart - 1);
        expect(old_lines.slice(first, first + told.length)).toEqual(told);
      }
    }),
    { numRuns: 500 },
  );
});

test("three lines of context stay where the texts begin and end alike", () => {
  const lines = Array.from({ length: 20 }, (_, i) => `line ${i + 1}`);
  const after = lines.with(9, "another");
  const patch = patchOf(`${lines.join("\n")}\n`, `${after.join("\n")}\n`);
  expect(patch.split("\n").slice(2)).toEqual([
    "@@ -7,7 +7,7 @@",
    ...[" line 7", " line 8", " line 9", "-line 10", "+another"],
    ...[" line 11", " line 12", " line 13", ""],
  ]);
});
