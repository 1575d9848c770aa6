import { truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { windowOf } from "../../src/files/read-window.ts";
import { files, refusal, scratchFolder, wholeFile } from "./workspace.ts";

const anyText = fc
  .array(fc.constantFrom("a", "é", "日本", "😀", "\r\n", "\n", " ", "\uFEFF"), { maxLength: 60 })
  .map((parts) => parts.join(""));

test("windows one after another give the file, byte for byte", () => {
  fc.assert(
    fc.property(
      anyText,
      fc.integer({ min: 1, max: 5 }),
      fc.integer({ min: 8, max: 40 }),
      (text, limit_lines, limit_bytes) => {
        const bytes = Buffer.from(text);
        let rebuilt = "";
        for (let offset_lines = 1; Buffer.byteLength(rebuilt) < bytes.length;) {
          const window = windowOf(bytes, true, { offset_lines, limit_lines, limit_bytes }, "f");
          if (window.line_cut) return;
          expect(Buffer.byteLength(window.text)).toBeLessThanOrEqual(limit_bytes);
          expect(window.first_line).toBe(offset_lines);
          rebuilt += window.text;
          offset_lines = window.last_line + 1;
        }
        expect(rebuilt).toBe(text);
        const total = text === "" ? 0 : text.replace(/\n$/, "").split("\n").length;
        expect(windowOf(bytes, true, wholeFile, "f").total_lines).toBe(total);
      },
    ),
  );
});

test("a line longer than the window is cut between characters, and says so", () => {
  const bytes = Buffer.from(`${"é".repeat(100)}\nshort\n`);
  const window = windowOf(bytes, true, { offset_lines: 1, limit_lines: 5, limit_bytes: 33 }, "f");
  expect(window).toMatchObject({ text: "é".repeat(16), line_cut: true, last_line: 1 });
});

test("BOM and CRLF are kept", async () => {
  const root = await scratchFolder();
  await writeFile(join(root.path, "a"), "\uFEFFone\r\ntwo\r\n");
  expect(await files.read(root, "a", wholeFile)).toMatchObject({
    text: "\uFEFFone\r\ntwo\r\n",
    total_lines: 2,
    last_line: 2,
  });
});

test("text of other encodings is read as text, and what is binary is named", async () => {
  const root = await scratchFolder();
  const text = "caf\u00e9 au lait\r\nzwei\r\n";
  const marked = `\uFEFF${text}`;
  await writeFile(join(root.path, "latin1"), Buffer.from(text, "latin1"));
  await writeFile(join(root.path, "le"), Buffer.from(marked, "utf16le"));
  await writeFile(join(root.path, "be"), Buffer.from(marked, "utf16le").swap16());
  await writeFile(join(root.path, "binary"), Buffer.from([0x7f, 0x45, 0x4c, 0x46, 0, 0, 1]));
  expect(await files.read(root, "latin1", wholeFile)).toMatchObject({ text, total_lines: 2 });
  for (const path of ["le", "be"])
    expect(await files.read(root, path, wholeFile)).toMatchObject({ text: marked, last_line: 2 });
  const second = { ...wholeFile, offset_lines: 2 };
  expect(await files.read(root, "be", second)).toMatchObject({ text: "zwei\r\n" });
  const binary = await refusal(files.read(root, "binary", wholeFile));
  expect(binary).toEqual({ fault: "not_text", message: expect.stringContaining("binary") });
});

test("a whole file is read with its hash, a part of a too large one without", async () => {
  const root = await scratchFolder();
  await writeFile(join(root.path, "a"), "\u00e9\n");
  await writeFile(join(root.path, "large"), "\u00e9".repeat(5_242_881));
  const { sha256 } = await files.read(root, "a", wholeFile);
  expect(sha256).toBe(await files.digest(root, "a"));
  expect(await files.read(root, "large", wholeFile)).toMatchObject({ sha256: null });
});

test("past the end: how many lines there are", async () => {
  const root = await scratchFolder();
  await writeFile(join(root.path, "a"), "1\n2\n3\n");
  const past = await refusal(files.read(root, "a", { ...wholeFile, offset_lines: 4 }));
  expect(past).toEqual({
    fault: "out_of_range",
    message: '"a" has 3 lines; line 4 is past its end',
  });
});

test("a very large file is read in windows, without a total", async () => {
  const root = await scratchFolder();
  await writeFile(join(root.path, "log"), "line of a log\n".repeat(1000));
  await truncate(join(root.path, "log"), 50_000_000);
  const window = await files.read(root, "log", { ...wholeFile, offset_lines: 900, limit_lines: 2 });
  expect(window).toMatchObject({ text: "line of a log\n".repeat(2), total_lines: null });
  const far = await refusal(files.read(root, "log", { ...wholeFile, offset_lines: 5000 }));
  expect(far).toEqual({
    fault: "too_large",
    message: expect.stringContaining("sed -n '5000,+100p'"),
  });
});
