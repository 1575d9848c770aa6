import fc from "fast-check";
import { expect, test } from "vitest";
import { escapeCommand, escapePath, escapeText, safeJson } from "../src/terminal/escape.ts";

/** Written apart from the code under test: what may reach a terminal as it is. */
const harmless_in_text = (code: number) =>
  code === 0x0a || code === 0x09 || code === 0xfe0f || (code >= 0x20 && !isDangerous(code));
const dangerous: [number, number][] = [
  [0x00, 0x08],
  [0x0b, 0x1f],
  [0x7f, 0x9f],
  [0xad, 0xad],
  [0x61c, 0x61c],
  [0x200b, 0x200f],
  [0x2028, 0x202e],
  [0x2060, 0x206f],
  [0x3164, 0x3164],
  [0xd800, 0xdfff],
  [0xfe00, 0xfe0e],
  [0xfeff, 0xfeff],
  [0xe0000, 0xe0fff],
];
const isDangerous = (code: number) => dangerous.some(([low, high]) => code >= low && code <= high);
const codesOf = (text: string) => Array.from(text, (character) => character.codePointAt(0) ?? 0);

const hostile = fc.oneof(
  fc.integer({ min: 0, max: 0x10ffff }).map((code) => String.fromCodePoint(code)),
  fc.constantFrom(...dangerous.flat(), 0x41).map((code) => String.fromCodePoint(code)),
  fc.constantFrom("\u001b]52;c;cm0gLXJm\u0007", "\u009b2J", "\r\n", "ok"),
);
const text = fc.array(hostile, { maxLength: 30 }).map((pieces) => pieces.join(""));

test("nothing that a terminal obeys or hides gets through", () => {
  fc.assert(
    fc.property(text, (raw) => {
      expect(codesOf(escapeText(raw)).every(harmless_in_text)).toBe(true);
      expect(codesOf(escapeCommand(raw)).every(harmless_in_text)).toBe(true);
      expect(codesOf(escapePath(raw)).every(harmless_in_text)).toBe(true);
      expect(escapePath(raw)).not.toMatch(/[\n\t]/);
      expect(codesOf(safeJson(raw)).every(harmless_in_text)).toBe(true);
    }),
    { numRuns: 1000 },
  );
});

test("whole characters may be cut anywhere, and escaping again changes nothing", () => {
  fc.assert(
    fc.property(text, fc.nat(), (raw, cut) => {
      const characters = Array.from(raw.replaceAll("\r", ""));
      const at = cut % (characters.length + 1);
      const [head, tail] = [characters.slice(0, at).join(""), characters.slice(at).join("")];
      expect(escapeText(head) + escapeText(tail)).toBe(escapeText(head + tail));
      expect(escapeText(escapeText(raw))).toBe(escapeText(raw));
    }),
  );
});

test("JSON stays the same value", () => {
  fc.assert(
    fc.property(text, (raw) => {
      expect(JSON.parse(safeJson({ raw }))).toEqual({ raw });
    }),
  );
});

test("what people read stays readable", () => {
  expect(escapeText("Grüße\t⚠️\r\n一\r日本語 🌍\u001b[31m")).toBe(
    "Grüße\t⚠️\n一\n日本語 🌍\\u{1b}[31m",
  );
  expect(escapeCommand("rm\u00a0-rf \u202e/ \r\n")).toBe("rm\\u{a0}-rf \\u{202e}/ \\u{d}\n");
});
