import fc from "fast-check";
import { expect, test } from "vitest";
import { freshOutput } from "../src/conversation/live-output.ts";

const OUTPUT = Array.from({ length: 40 }, (_, i) => String.fromCodePoint(0x61 + (i % 26))).join("");

test("whatever comes again or is lost, each character is shown once and each gap is counted", () => {
  const piece = fc
    .tuple(fc.nat({ max: 40 }), fc.nat({ max: 12 }))
    .map(([offset, size]) => ({ offset, text: OUTPUT.slice(offset, offset + size) }));
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 20 }), (pieces) => {
      let [end, shown] = [0, ""];
      for (const each of pieces) {
        const fresh = freshOutput(end, each);
        // An empty piece beyond the end is a gap that is known before what follows it.
        shown += "?".repeat(fresh.missed) + fresh.text;
        end = fresh.end;
        expect(shown).toHaveLength(end);
      }
      for (const [i, character] of Array.from(shown).entries())
        expect(character === "?" || character === OUTPUT[i]).toBe(true);
    }),
    { numRuns: 1000 },
  );
});
