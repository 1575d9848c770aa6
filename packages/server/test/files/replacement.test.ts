import fc from "fast-check";
import { expect, test } from "vitest";
import { nearMiss } from "../../src/files/near-miss.ts";
import { occurrences } from "../../src/files/occurrences.ts";
import { replaceIn } from "../../src/files/replacement.ts";

const piece = fc
  .array(fc.constantFrom("a", "b", "\n", "ab", "é", " "))
  .map((parts) => parts.join(""));
const sought = piece.filter((text) => text !== "");
const crlf = (text: string) => text.replaceAll("\n", "\r\n");

test("occurrences are those of a naive search, overlapping or not", () => {
  fc.assert(
    fc.property(piece, sought, fc.boolean(), (text, wanted, overlapping) => {
      const naive: number[] = [];
      const step = overlapping ? 1 : wanted.length;
      for (let at = text.indexOf(wanted); at !== -1; at = text.indexOf(wanted, at + step))
        naive.push(at);
      expect(occurrences(text, wanted, 1_000, overlapping)).toEqual(naive);
      expect(occurrences(text, wanted, 1, overlapping)).toEqual(naive.slice(0, 1));
    }),
  );
});

test("one match is replaced and nothing else; several are refused with their lines", () => {
  fc.assert(
    fc.property(piece, sought, piece, piece, (before, old_text, after, new_text) => {
      const text = before + old_text + after;
      const replaced = replaceIn(text, old_text, new_text, false);
      if (replaced.kind === "replaced") {
        expect(replaced.text).toBe(before + new_text + after);
        return;
      }
      const starts = occurrences(text, old_text, 1_000, true);
      const lines = starts.map((start) => text.slice(0, start).split("\n").length);
      expect(replaced).toEqual({ kind: "ambiguous", lines });
      expect(lines.length).toBeGreaterThan(1);
    }),
  );
});

test("replace_all is the language's own", () => {
  fc.assert(
    fc.property(piece, sought, piece, (text, old_text, new_text) => {
      const replaced = replaceIn(text, old_text, new_text, true);
      const expected = text.includes(old_text)
        ? { kind: "replaced", text: text.replaceAll(old_text, () => new_text) }
        : { kind: "no_match" };
      expect(replaced).toMatchObject(expected);
    }),
  );
});

test("a file with CRLF is edited as its LF twin, whatever the ending of old_text", () => {
  fc.assert(
    fc.property(
      piece,
      sought,
      piece,
      fc.boolean(),
      fc.boolean(),
      (text, old_text, new_text, all, windows) => {
        const whole = `${text}\nend\n`;
        const twin = replaceIn(whole, old_text, new_text, all);
        const got = replaceIn(crlf(whole), windows ? crlf(old_text) : old_text, new_text, all);
        expect(got).toEqual("text" in twin ? { ...twin, text: crlf(twin.text) } : twin);
      },
    ),
  );
});

test("mixed endings stay as they are outside of the match", () => {
  const replaced = replaceIn("one\r\ntwo\nthree\r\nfour\r\n", "two\nthree", "2\n3", false);
  expect(replaced).toMatchObject({ text: "one\r\n2\r\n3\r\nfour\r\n" });
});

test("hostile texts take linear time", () => {
  const text = "a".repeat(2_000_000);
  const began = process.cpuUsage();
  expect(replaceIn(text, `${"a".repeat(100_000)}b${"a".repeat(1_000)}`, "", false).kind).toBe(
    "no_match",
  );
  expect(process.cpuUsage(began).user / 1e6).toBeLessThan(2);
  expect(replaceIn(text, "a", "b", true)).toEqual({ kind: "too_many" });
});

test("a near miss names the difference in white space, the line that differs, or the likeliest", () => {
  const text =
    "function add(a, b) {\n\treturn a + b;\n}\n\nfunction subtract(a, b) {\n\treturn a - b;\n}\n";
  expect(nearMiss(text, "function add(a, b) {\n  return a + b;\n}")).toEqual({
    kind: "white_space",
    line: 1,
    text: "function add(a, b) {\n\treturn a + b;\n}",
  });
  expect(nearMiss(text, "function subtract(a, b) {\n\treturn b - a;\n}")).toEqual({
    kind: "diverges",
    from: 5,
    line: 6,
    text: "\treturn a - b;",
    sought: "\treturn b - a;",
  });
  expect(nearMiss(text, `${text}function negate(a) {`)).toMatchObject({ line: 8, text: "" });
  expect(nearMiss(text, "function subtract(x, y) {")).toMatchObject({
    kind: "similar",
    lines: [{ line: 5, text: "function subtract(a, b) {" }, { line: 1 }],
  });
  expect(nearMiss(text, "zzz")).toEqual({ kind: "nothing_like_it" });
});
