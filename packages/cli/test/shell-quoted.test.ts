import { execFileSync } from "node:child_process";
import { array, assert, constantFrom, integer, oneof, property, sample, string } from "fast-check";
import { expect, test } from "vitest";
import { findBubblewrap } from "../../executor/src/bubblewrap.ts";
import { shellQuoted } from "../src/terminal/shell-quoted.ts";

const pieces = oneof(
  constantFrom("'", "\\", "\n", "\t", "\r", "$(id)", "`id`", "!!", " ", "\u202e", "\u00a0", "\\n"),
  constantFrom(
    "a",
    "\u{e0041}",
    "\u2028",
    "\ufe0f",
    "漢",
    "\u007f",
    "0",
    "f",
    "\\u{9}",
    '"',
    "\u0085",
  ),
  integer({ min: 1, max: 0x10ffff })
    .filter((code) => code < 0xd800 || code > 0xdfff)
    .map((code) => String.fromCodePoint(code)),
  string(),
);
const texts = array(pieces, { maxLength: 12 }).map((parts) => parts.join("").replaceAll("\0", ""));

test.each([
  ["plain", "npm", "npm"],
  ["blanks", "a b", "'a b'"],
  ["a quote", "it's", String.raw`'it'\''s'`],
  ["a line break", "a\nb", String.raw`$'a\nb'`],
  ["what is invisible", "a\u202eb\tc", String.raw`$'a\xe2\x80\xaeb\tc'`],
  ["all at once", "'\\!\n", String.raw`$'\x27\\\x21\n'`],
  ["nothing", "", "''"],
])("%s", (_, text, quoted) => expect(shellQuoted(text)).toBe(quoted));

test("it is on one line, and nothing of it is invisible", () => {
  assert(
    property(texts, (text) => {
      expect(shellQuoted(text)).not.toMatch(
        /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/u,
      );
    }),
  );
});

/** In a sandbox: were it wrong, it would be a command. */
function readByBash(words: readonly string[], locale: string): string[] {
  const script = words.map((word) => `printf '%s\\0' ${word}`).join("\n");
  const walls = "--unshare-all --die-with-parent --cap-drop ALL --clearenv --ro-bind /usr /usr";
  const links = "--symlink usr/bin /bin --symlink usr/lib /lib --symlink usr/lib64 /lib64";
  const told = execFileSync(
    findBubblewrap(),
    [...`${walls} ${links} --setenv LC_ALL ${locale}`.split(" "), "/bin/bash", "-s"],
    { input: script, encoding: "utf8" },
  );
  return told.split("\0").slice(0, -1);
}

test.each(["C", "C.UTF-8"])("bash reads the same word again, in the locale %s", (locale) => {
  const said = sample(texts, { numRuns: 2_000, seed: 4 });
  expect(readByBash(said.map(shellQuoted), locale)).toEqual(said);
});
