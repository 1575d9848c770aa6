/** Unified diffs as programs write them, and as models do. */
import { chmod, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createTwoFilesPatch } from "diff";
import fc from "fast-check";
import { expect, test } from "vitest";
import { applyHunks } from "../../../src/files/plan/hunks.ts";
import { patchFiles } from "../../../src/files/plan/patch-files.ts";
import { planEdit } from "../../../src/files/plan/plan-edit.ts";
import { scratchFolder } from "../workspace.ts";
import { refusalIn } from "./refusal.ts";

const lines = (...texts: string[]): string => texts.map((text) => `${text}\n`).join("");

async function folderWith(files: Record<string, string>) {
  const root = await scratchFolder();
  for (const [path, content] of Object.entries(files)) {
    await mkdir(join(root.path, path, ".."), { recursive: true });
    await writeFile(join(root.path, path), content);
  }
  const apply = (patch: string) => planEdit(root, [{ kind: "patch", patch }], "edit_1");
  return { root, apply, refused: (patch: string) => refusalIn(() => apply(patch)) };
}

const contentsOf = ({ steps, contents }: ReturnType<typeof planEdit>) =>
  Object.fromEntries(
    steps.map(({ path }, i) => {
      const { after } = contents[i]!;
      return [path, after && String(after)];
    }),
  );

/** What a patch makes of a text, or the kind of its refusal. */
function applied(text: string, patch: string): string {
  const [file] = patchFiles(patch);
  const result = applyHunks(text, file!.hunks);
  return result.kind === "patched" ? result.text : `(${result.kind})`;
}

const anyText = fc
  .array(fc.constantFrom("a", "b", "", "-- x", "++ y", "@@", " c", "\\"), { maxLength: 12 })
  .chain((texts) => fc.boolean().map((closed) => texts.join("\n") + (closed ? "\n" : "")))
  // An empty last line without an ending is no line.
  .filter((text) => text === "" || text === "\n" || !/\n\n?$/.test(text) || text.endsWith("\n"));

const diffed = (before: string, after: string): string =>
  createTwoFilesPatch("a/f", "b/f", before, after, "", "", { context: 2 });

test("a patch of another program makes the one text of the other, in CRLF too", () => {
  fc.assert(
    fc.property(anyText, anyText, (before, after) => {
      fc.pre(before !== after);
      const patch = diffed(before, after);
      expect(applied(before, patch)).toBe(after);
      const windows = (text: string) => text.replaceAll("\n", "\r\n");
      if (before.includes("\n")) expect(applied(windows(before), patch)).toBe(windows(after));
    }),
    { numRuns: 500 },
  );
});

test("counts and line numbers that a model made up do not matter where the lines are unique", () => {
  const words = fc.uniqueArray(fc.stringMatching(/^[a-z]{1,8}$/), { minLength: 6, maxLength: 30 });
  fc.assert(
    fc.property(words, fc.nat(), fc.nat(99), fc.nat(99), (texts, where, wrong, count) => {
      const at = where % texts.length;
      const before = lines(...texts);
      const after = lines(...texts.with(at, "CHANGED"));
      const patch = diffed(before, after).replace(
        /^@@ .*$/gm,
        `@@ -${wrong},${count} +${wrong},${count} @@ function f() {`,
      );
      expect(applied(before, patch)).toBe(after);
      expect(applied(before, patch.replace(/^@@ .*$/gm, "@@"))).toBe(after);
    }),
  );
});

test("create, change, delete and git's rename in one patch", async () => {
  const { root, apply } = await folderWith({
    "src/a.ts": lines("one", "two", "three"),
    "old/name.ts": lines("x", "y"),
    gone: lines("bye"),
    "run.sh": "echo\n",
  });
  await chmod(join(root.path, "run.sh"), 0o644);
  const planned = apply(
    `Here it is.

diff --git a/src/a.ts b/src/a.ts
index 1..2 100644
--- a/src/a.ts
+++ b/src/a.ts
@@ -1,3 +1,3 @@ class A {
 one
-two
+2
 three
diff --git a/old/name.ts b/new/name.ts
similarity index 50%
rename from old/name.ts
rename to new/name.ts
--- a/old/name.ts
+++ b/new/name.ts
@@ -1,2 +1,2 @@
 x
-y
+Y
diff --git a/bin/tool b/bin/tool
new file mode 100755
--- /dev/null
+++ b/bin/tool
@@ -0,0 +1,1 @@
+#!/bin/sh
\\ No newline at end of file
diff --git a/gone b/gone
deleted file mode 100644
--- a/gone
+++ /dev/null
@@ -1 +0,0 @@
-bye
diff --git a/run.sh b/run.sh
old mode 100644
new mode 100755
-- 
2.47.0
`,
  );
  expect(contentsOf(planned)).toEqual({
    "src/a.ts": lines("one", "2", "three"),
    "old/name.ts": null,
    "new/name.ts": lines("x", "Y"),
    "bin/tool": "#!/bin/sh",
    gone: null,
    "run.sh": "echo\n",
  });
  expect(planned.steps.find(({ path }) => path === "bin/tool")?.after?.mode).toBe(0o755);
  expect(planned.steps.find(({ path }) => path === "new/name.ts")?.moved_from).toBe("old/name.ts");
  expect(planned.summary).toContain("made run.sh 755");
});

test("what an edit shows as its diff can be applied again elsewhere", async () => {
  const before = { a: lines("1", "2", "3"), b: lines("b"), "c d": lines("c") };
  const one = await folderWith(before);
  const other = await folderWith(before);
  const patch =
    "--- a\n+++ a\n@@ -1,3 +1,3 @@\n 1\n-2\n+two\n 3\n--- b\n+++ /dev/null\n@@ -1 +0,0 @@\n-b\n";
  const planned = one.apply(patch);
  expect(contentsOf(other.apply(planned.diff))).toEqual(contentsOf(planned));
});

test("blank lines of context without their space, and plain names without a/ and b/", async () => {
  const { apply } = await folderWith({ "a/x": lines("one", "", "two", "", "three") });
  const patch = "--- a/x\n+++ a/x\n@@ -1,5 +1,5 @@\n one\n\n-two\n+2\n\n three\n";
  expect(contentsOf(apply(patch))).toEqual({ "a/x": lines("one", "", "2", "", "three") });
});

test("removed lines that look like headers are lines", () => {
  const before = lines("select 1;", "-- a comment", "select 2;");
  const after = lines("select 1;", "++ another", "select 2;");
  expect(applied(before, diffed(before, after))).toBe(after);
});

test("a new file needs no /dev/null, and a patch for CRLF fits LF", async () => {
  const { apply } = await folderWith({ windows: "one\r\ntwo\r\nthree\n" });
  expect(contentsOf(apply("--- a/new\n+++ b/new\n@@ -0,0 +1,2 @@\n+x\n+y\n"))).toEqual({
    new: "x\ny\n",
  });
  const patch = "--- a/windows\r\n+++ b/windows\r\n@@ -1,2 +1,2 @@\r\n-one\r\n+1\r\n two\r\n";
  expect(contentsOf(apply(patch)), "endings outside the change stay").toEqual({
    windows: "1\r\ntwo\r\nthree\n",
  });
});

test("the last line keeps having no ending, unless the patch says so", () => {
  expect(applied("a\nb", "--- f\n+++ f\n@@ -1,2 +1,2 @@\n a\n-b\n+c\n")).toBe("a\nc");
  const closing = "--- f\n+++ f\n@@ -1,2 +1,2 @@\n a\n-b\n\\ No newline at end of file\n+b\n";
  expect(applied("a\nb", closing)).toBe("a\nb\n");
});

test("what a patch says of the last line's ending counts for a hunk that ends there, and no other", () => {
  const head = "--- f\n+++ f\n";
  const none = "\\ No newline at end of file\n";
  const text = lines("1", "2", "3", "4", "5");
  const first = (mark_old: string, mark_new: string) =>
    `@@ -1,2 +1,2 @@\n 1\n-2\n${mark_old}+two\n${mark_new}`;
  const after = lines("1", "two", "3", "4", "5");
  expect(applied(text, head + first("", none)), "not the last line").toBe(after);
  expect(applied(text.trimEnd(), head + first(none, ""))).toBe(after.trimEnd());
  expect(applied(text, `${head}@@ -1,2 +1,2 @@\n-1\n+one\n 2\n${none}`), "context").toBe(
    lines("one", "2", "3", "4", "5"),
  );
  const end = `@@ -4,2 +4,2 @@\n 4\n-5\n+five\n${none}`;
  const open = lines("1", "two", "3", "4", "five").trimEnd();
  expect(applied(text, head + first("", "") + end)).toBe(open);
  expect(applied(text, head + end + first("", "")), "in any order").toBe(open);
});

test("a bare header names no line, also after another hunk", () => {
  const text = lines("1", "2", "3", "4", "x", "uniq", "7", "8", "9", "10", "x");
  const patch = "--- f\n+++ f\n@@ -1 +1 @@\n-uniq\n+UNIQ\n@@\n-x\n+y\n";
  expect(applied(text, patch)).toBe("(ambiguous)");
});

test("the line that the header names decides among several places, else nothing does", () => {
  const text = lines("x", "end", "x", "end", "x", "end");
  const patch = (header: string) => `--- f\n+++ f\n${header}\n-x\n+y\n end\n`;
  expect(applied(text, patch("@@ -3,2 +3,2 @@"))).toBe(lines("x", "end", "y", "end", "x", "end"));
  expect(applied(text, patch("@@ -2,2 +2,2 @@"))).toBe("(ambiguous)");
  expect(applied(text, patch("@@"))).toBe("(ambiguous)");
});

test("nothing fits by force: the hunk, its line, and what is there instead", async () => {
  const { refused } = await folderWith({ a: lines("one", "two", "three", "four", "four") });
  const head = "--- a/a\n+++ b/a\n";
  const cases: [string, string, RegExp][] = [
    [
      `${head}@@ -1 +1 @@\n-one\n+1\n@@ -2,2 +2,2 @@\n two\n-drei\n+3\n`,
      "no_match",
      /^hunk 2 does not occur in "a"; it matches from line 2 on, but at line 3 the file has\nthree\nwhere hunk 2 has\ndrei$/,
    ],
    [`${head}@@\n-four\n+4\n`, "ambiguous", /hunk 1 of the patch for "a" fits at lines 4, 5/],
    [`${head}@@ -1,0 +1,1 @@\n+new\n`, "ambiguous", /hunk 1 .* has no line of the file/],
    [
      `${head}@@ -1 +1 @@\n-one\n+1\n@@ -1 +1 @@\n-one\n+2\n`,
      "malformed",
      /hunk 2 .* another hunk/,
    ],
    [`${head}@@ -1,3 +1,3 @@\n one\n-two\nthree\n+2\n`, "malformed", /line 7 .* in no hunk: "\+2"/],
    [`${head}+one\n`, "malformed", /line 3 of the patch is in no hunk/],
    [`--- a/none\n+++ b/none\n@@ -1 +1 @@\n-x\n+y\n`, "absent", /"none" does not exist/],
    [`--- /dev/null\n+++ b/a\n@@ -0,0 +1 @@\n+x\n`, "conflict", /creates "a", which exists/],
    [
      `--- a/a\n+++ /dev/null\n@@ -1 +0,0 @@\n-one\n`,
      "conflict",
      /has lines that the patch does not/,
    ],
    [`--- a/a\n+++ b/b\n@@ -1 +1 @@\n-one\n+1\n`, "malformed", /to move it say "rename from"/],
    ["just words", "malformed", /no unified diff/],
    ["@@ -1 +1 @@\n-one\n+1\n", "malformed", /no "--- a\/PATH"/],
    ["--- a/../../x\n+++ b/../../x\n@@ -0,0 +1 @@\n+x\n", "outside", /out of the workspace/],
    ["--- /dev/null\n+++ b/.git/hooks/x\n@@ -0,0 +1 @@\n+x\n", "protected", /inside .git/],
    [
      "diff --git a/l b/l\nnew file mode 120000\n--- /dev/null\n+++ b/l\n@@ -0,0 +1 @@\n+/etc/passwd\n",
      "malformed",
      /regular files only/,
    ],
    [
      "diff --git a/i.png b/i.png\nindex 1..2\nBinary files a/i.png and b/i.png differ\n",
      "malformed",
      /binary/,
    ],
  ];
  for (const [patch, fault, message] of cases)
    expect(refused(patch), patch).toEqual({ fault, message: expect.stringMatching(message) });
});

test("hostile patches take bounded time", async () => {
  const text = "x\n".repeat(200_000);
  const hunk = `@@ -9,1 +9,1 @@\n${" x\n".repeat(50_000)}-y\n+z\n`;
  expect(applied(`${text}y\n`, `--- f\n+++ f\n${hunk}`)).toMatch(/^x/);
  const { refused } = await folderWith({ f: text });
  const many = "@@\n-a\n+b\n".repeat(1_001);
  expect(refused(`--- f\n+++ f\n${many}`)).toMatchObject({ fault: "too_large" });
});
