/** What an edit keeps of a text file: its encoding, byte order mark, line endings, and every byte outside. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import type { Change } from "../../../src/files/edit.ts";
import { asUtf8, decode, encode, textIn } from "../../../src/files/encoding.ts";
import { sha256Of } from "../../../src/files/bytes.ts";
import { planEdit } from "../../../src/files/plan/plan-edit.ts";
import { scratchFolder } from "../workspace.ts";
import { refusalIn } from "./refusal.ts";

const utf16le = (text: string) => Buffer.from(`\uFEFF${text}`, "utf16le");
const utf16be = (text: string) => utf16le(text).swap16();
const latin1 = (text: string) => Buffer.from(text, "latin1");
const utf8 = (text: string) => Buffer.from(text);
const marked = (text: string) => utf8(`\uFEFF${text}`);

const encodings = { utf16le, utf16be, latin1, utf8, marked };

/** What changes make of a file "f" of these bytes. */
async function edited(before: Buffer, ...changes: Change[]): Promise<Buffer> {
  const root = await scratchFolder();
  await writeFile(join(root.path, "f"), before);
  const { contents } = planEdit(root, changes, "edit_1");
  return Buffer.from(contents[0]!.after!);
}

const write = (content: string): Change => ({ kind: "write", path: "f", content });
const replace = (old_text: string, new_text: string): Change => ({
  ...{ kind: "replace", path: "f", old_text, new_text, replace_all: false },
});
const lines = (of: Buffer, first_line: number, last_line: number, new_text: string): Change => ({
  ...{ kind: "lines", path: "f", first_line, last_line, new_text },
  sha256: sha256Of(of).slice(0, 12),
});
const patch = (text: string): Change => ({ kind: "patch", patch: `--- f\n+++ f\n${text}` });

test("any text that is decoded is encoded to the same bytes", () => {
  const units = fc
    .array(fc.integer({ min: 1, max: 0xff_ff }))
    .map((codes) => String.fromCharCode(...codes));
  const characters = fc.string({ unit: "grapheme" }).map(utf8);
  const bytes_of_one = fc.integer({ min: 0x80, max: 0xff }).map((byte) => Buffer.of(byte));
  const bytes = fc.oneof(
    units.map(utf16le),
    units.map(utf16be),
    fc.uint8Array({ min: 1 }).map((array) => Buffer.from(array)),
    fc.string({ unit: "grapheme" }).map(utf8),
    fc.array(fc.oneof(characters, bytes_of_one)).map((parts) => Buffer.concat(parts)),
  );
  let texts = 0;
  fc.assert(
    fc.property(bytes, (before) => {
      const text = textIn(before);
      if (text === null) return;
      texts++;
      expect(encode(text, "f").equals(before)).toBe(true);
      expect(asUtf8(before, true, "f").toString()).toBe(text.text.toWellFormed());
    }),
    { numRuns: 500 },
  );
  expect(texts).toBeGreaterThan(250);
});

test.each(Object.entries(encodings))(
  "%s: a passage, lines and a patch change, no byte else",
  async (_name, as) => {
    const before = as("café\r\nzwei\r\ndrei\r\n");
    const after = as("café\r\n2ü\r\ndrei\r\n");
    expect(await edited(before, replace("zwei", "2ü"))).toEqual(after);
    expect(await edited(before, lines(before, 2, 2, "2ü"))).toEqual(after);
    expect(await edited(before, patch("@@ -1,3 +1,3 @@\n café\n-zwei\n+2ü\n drei\n"))).toEqual(
      after,
    );
    expect(await edited(before, write("café\n2ü\ndrei\n")), "a whole new text").toEqual(after);
    expect(await edited(before, lines(before, 1, 1, "1")), "the mark stays").toEqual(
      as("1\r\nzwei\r\ndrei\r\n"),
    );
    expect(await edited(before, replace("\uFEFFcafé", "\uFEFF1"))).toEqual(
      as("1\r\nzwei\r\ndrei\r\n"),
    );
  },
);

test("a whole new text brings its own endings where it has them, and none to a file of LF", async () => {
  expect(String(await edited(utf8("a\r\nb\r\n"), write("1\r\n2\n")))).toBe("1\r\n2\n");
  expect(String(await edited(utf8("a\nb\n"), write("1\n2\n")))).toBe("1\n2\n");
});

test("a character that the encoding lacks is refused, and says what would help", async () => {
  const root = await scratchFolder();
  await writeFile(join(root.path, "f"), latin1("gr\u00fcn\n"));
  const refused = refusalIn(() => planEdit(root, [replace("gr\u00fcn", "5 €")], "edit_1"));
  expect(refused.fault).toBe("not_text");
  expect(refused.message).toMatch(
    /taken for Latin-1, which has no "€"; .*iconv -f latin1 -t utf-8/,
  );
  const anew: Change[] = [{ kind: "delete", path: "f" }, write("5 €\n")];
  expect(String(planEdit(root, anew, "edit_1").contents[0]!.after)).toBe("5 €\n");
});

test("UTF-8 with a stray byte stays what it is, and is given no character that it has not", async () => {
  const stray = (before: string, after: string) =>
    Buffer.concat([utf8(before), Buffer.of(0xff), utf8(after)]);
  const before = stray("caf\u00e9 ", " zwei \u{1f600}\n");
  expect(asUtf8(before, true, "f").toString()).toBe("caf\u00e9 \ufffd zwei \u{1f600}\n");
  expect(await edited(before, replace("zwei \u{1f600}", "\u{1f600}, 2"))).toEqual(
    stray("caf\u00e9 ", " \u{1f600}, 2\n"),
  );
  for (const added of ["\u00e9", "\u0436", "\udcff"]) {
    const root = await scratchFolder();
    await writeFile(join(root.path, "f"), before);
    const refused = refusalIn(() => planEdit(root, [replace("zwei", added)], "edit_1"));
    expect(refused.fault, added).toBe("not_text");
    expect(refused.message).toMatch(/is not valid UTF-8 at byte 6 \(from 0\)/);
    expect(refused.message).not.toMatch(/latin/i);
  }
  expect(await edited(before, write("\u00e9\u0436\n")), "written anew").toEqual(
    utf8("\u00e9\u0436\n"),
  );
});

test("what is no text is refused: NUL bytes, half a unit of UTF-16, NUL characters in it", () => {
  const binary = [
    Buffer.from([1, 0, 2]),
    Buffer.concat([Buffer.from([0xe9]), Buffer.alloc(9_000, 65), Buffer.from([0])]),
    Buffer.concat([utf16le("a"), Buffer.from([1])]),
    utf16le("a\0b"),
  ];
  for (const bytes of binary)
    expect(refusalIn(() => decode(bytes, "f"))).toMatchObject({ fault: "not_text" });
});

test("lines are whole lines, at the file's end too", async () => {
  const text = utf8("1\n2\n3");
  const after = async (...change: [number, number, string]) =>
    String(await edited(text, lines(text, ...change)));
  expect(await after(2, 2, "two")).toBe("1\ntwo\n3");
  expect(await after(2, 2, "two\nzwei\n")).toBe("1\ntwo\nzwei\n3");
  expect(await after(2, 2, "")).toBe("1\n3");
  expect(await after(2, 2, "\n")).toBe("1\n\n3");
  expect(await after(3, 3, "three")).toBe("1\n2\nthree");
  expect(await after(1, 3, "all\n")).toBe("all\n");
});

test("lines of another file than was read, or that it does not have, are refused", async () => {
  const root = await scratchFolder();
  const now = utf8("1\n2\n3\n");
  await writeFile(join(root.path, "f"), now);
  const refused = (change: Change) => refusalIn(() => planEdit(root, [change], "edit_1"));
  const stale = refused(lines(utf8("old"), 2, 3, "x"));
  expect(stale.fault).toBe("conflict");
  expect(stale.message).toContain(sha256Of("old").slice(0, 12));
  expect(stale.message).toContain(sha256Of(now).slice(0, 12));
  expect(stale.message).toMatch(/its lines 2 to 3 are now\n2\n3\n$/);
  expect(refused(lines(now, 3, 4, "x"))).toMatchObject({
    fault: "out_of_range",
    message: '"f" has 3 lines; 3 to 4 are not among them',
  });
  expect(refused(lines(now, 3, 2, "x"))).toMatchObject({ fault: "out_of_range" });
  const short = { ...lines(now, 1, 1, "x"), sha256: sha256Of(now).slice(0, 11) } as Change;
  expect(refused(short)).toMatchObject({ fault: "malformed" });
});
