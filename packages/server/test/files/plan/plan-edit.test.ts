/** What one edit is decided to be: its steps, its words, and what it refuses. Nothing is written. */
import { chmod, mkdir, readdir, symlink, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { Change, EditPlan } from "../../../src/files/edit.ts";
import { sha256Of } from "../../../src/files/bytes.ts";
import { planEdit } from "../../../src/files/plan/plan-edit.ts";
import type { Root } from "../../../src/files/walk.ts";
import { scratchFolder } from "../workspace.ts";
import { refusalIn } from "./refusal.ts";

const plan = (root: Root, ...changes: Change[]): EditPlan => planEdit(root, changes, "edit_1");
const write = (path: string, content: string): Change => ({ kind: "write", path, content });
const move = (path: string, to: string): Change => ({ kind: "move", path, to });
const remove = (path: string): Change => ({ kind: "delete", path });
const replace = (path: string, old_text: string, new_text: string): Change => ({
  ...{ kind: "replace", path, old_text, new_text, replace_all: false },
});

async function folderWith(files: Record<string, string | Buffer>): Promise<Root> {
  const root = await scratchFolder();
  for (const [path, content] of Object.entries(files)) {
    await mkdir(join(root.path, path, ".."), { recursive: true });
    await writeFile(join(root.path, path), content);
  }
  return root;
}

/** Path, how it was, how it shall be. */
const stepsOf = ({ steps, contents }: EditPlan) =>
  steps.map(({ path }, i) => {
    const { before, after } = contents[i]!;
    return [path, before && String(before), after && String(after)];
  });

test("a new file, a change, a move and a delete are one plan, and nothing is written", async () => {
  const root = await folderWith({ a: "one\ntwo\n", b: "b\n", c: "c\n" });
  const planned = plan(
    root,
    write("new/deep/file", "x\n"),
    replace("a", "two", "2"),
    move("b", "moved/b"),
    remove("c"),
  );
  expect(stepsOf(planned)).toEqual([
    ["new/deep/file", null, "x\n"],
    ["a", "one\ntwo\n", "one\n2\n"],
    ["b", "b\n", null],
    ["moved/b", null, "b\n"],
    ["c", "c\n", null],
  ]);
  expect(planned.steps[3]).toMatchObject({ moved_from: "b" });
  expect(planned.folders).toEqual(["new", "new/deep", "moved"]);
  expect(planned.summary).toBe(
    "4 files: created new/deep/file (+1 −0 lines); edited a (+1 −1 lines); " +
      "moved b to moved/b; deleted c (+0 −1 lines)",
  );
  expect(planned.diff).toContain("--- a\n+++ a\n@@ -1,2 +1,2 @@\n one\n-two\n+2");
  expect(planned.diff).toContain("rename from b\nrename to moved/b");
  expect(planned.diff).toContain("--- c\n+++ /dev/null\n@@ -1,1 +0,0 @@\n-c");
  expect((await readdir(root.path)).toSorted()).toEqual(["a", "b", "c"]);
});

test("a step tells hash, size, mode and owner of both sides", async () => {
  const root = await folderWith({ "run.sh": "old\n" });
  await chmod(join(root.path, "run.sh"), 0o4750);
  const [step] = plan(root, write("run.sh", "new!\n")).steps;
  const owner = { uid: expect.any(Number), gid: expect.any(Number) };
  expect(step).toEqual({
    path: "run.sh",
    before: { sha256: sha256Of("old\n"), size_bytes: 4, mode: 0o750, ...owner },
    after: { sha256: sha256Of("new!\n"), size_bytes: 5, mode: 0o750, ...owner },
  });
});

test("what is new is as open as its folder, never executable", async () => {
  const root = await folderWith({});
  await mkdir(join(root.path, "shared"));
  await chmod(join(root.path, "shared"), 0o777);
  await chmod(root.path, 0o755);
  const { steps } = plan(root, write("shared/a", "x"), write("b", "x"), write("c/d", "x"));
  expect(steps.map(({ after }) => after?.mode)).toEqual([0o664, 0o644, 0o644]);
});

test("changes of one path build on each other, whatever they call it", async () => {
  const root = await folderWith({ "src/a": "1\n2\n" });
  await symlink("src", join(root.path, "link"));
  const planned = plan(
    root,
    replace("src/a", "1", "one"),
    replace("link/a", "2", "two"),
    move("link/../src/a", "src/b"),
    replace("src/b", "two", "zwei"),
  );
  expect(stepsOf(planned)).toEqual([
    ["src/a", "1\n2\n", null],
    ["src/b", null, "one\nzwei\n"],
  ]);
  expect(planned.summary).toBe("moved src/a to src/b (+2 −2 lines)");
});

test("what comes to nothing is no step", async () => {
  const root = await folderWith({ a: "a\n", b: "b\n" });
  expect(plan(root, write("a", "a\n")).steps).toEqual([]);
  expect(plan(root, move("a", "c"), move("c", "a")).steps).toEqual([]);
  expect(plan(root, write("new", "x"), remove("new")).steps).toEqual([]);
  expect(plan(root, remove("a"), write("a", "a\n"))).toMatchObject({ steps: [], folders: [] });
  expect(plan(root).steps).toEqual([]);
});

test("two files change places, and a place that was left is used again", async () => {
  const root = await folderWith({ a: "A\n", b: "B\n" });
  const swapped = plan(root, move("a", "t"), move("b", "a"), move("t", "b"));
  expect(swapped.steps.map(({ path, moved_from }) => [path, moved_from])).toEqual([
    ["a", "b"],
    ["b", "a"],
  ]);
  expect(stepsOf(swapped)).toEqual([
    ["a", "A\n", "B\n"],
    ["b", "B\n", "A\n"],
  ]);
  const reused = plan(root, move("a", "c"), write("a", "new\n"));
  expect(stepsOf(reused)).toEqual([
    ["a", "A\n", "new\n"],
    ["c", null, "A\n"],
  ]);
});

test("binary files are moved and deleted, never written over", async () => {
  const root = await folderWith({ "a.bin": Buffer.from([1, 0, 2]) });
  expect(plan(root, remove("a.bin"))).toMatchObject({
    summary: "deleted a.bin (3 bytes)",
    diff: "(a.bin is binary)",
  });
  expect(plan(root, move("a.bin", "b.bin")).summary).toBe("moved a.bin to b.bin");
  expect(refusalIn(() => plan(root, write("a.bin", "x")))).toMatchObject({ fault: "not_text" });
});

test("a name that would break its line is quoted in words and headers, as git does", async () => {
  const root = await folderWith({ "a\n+b": "1\n", "c\r.bin": Buffer.from([1, 0]) });
  const named = plan(root, write("a\n+b", "2\n"));
  expect(named.summary).toBe('edited "a\\n+b" (+1 −1 lines)');
  expect(named.diff).toMatch(/^--- "a\\n\+b"\n\+\+\+ "a\\n\+b"\n@@/);
  const moved = plan(root, move("a\n+b", "é"), remove("c\r.bin"));
  expect(moved.summary).toContain('moved "a\\n+b" to ');
  expect(moved.diff).toContain('rename from "a\\n+b"\nrename to ');
  expect(moved.diff).toContain('("c\\r.bin" is binary)');
});

test("what cannot be done says why, and which name it is about", async () => {
  const root = await folderWith({ text: "a\nfoo( x )\nb\na\n", file: "x", other: "y" });
  await symlink("file", join(root.path, "link"));
  await mkdir(join(root.path, "folder"));
  await mkdir(join(root.path, ".git"));
  await writeFile(join(root.path, "huge"), "");
  await truncate(join(root.path, "huge"), 10_485_761);
  const cases: [Change[], string, RegExp][] = [
    [[write("big", "x".repeat(10_485_761))], "too_large", /10485761 bytes/],
    [[remove("huge")], "too_large", /"huge" has 10485761 bytes/],
    [[write("file/below", "x")], "not_a_folder", /not a folder/],
    [[write("1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16/17/f", "x")], "too_many", /17 folders/],
    [[write("new", "x"), write("new/below", "x")], "malformed", /"new" would have to be a file/],
    [[replace("none", "a", "b")], "absent", /"none" does not exist/],
    [[replace("text", "", "b")], "malformed", /old_text is empty/],
    [[replace("text", "a", "b")], "ambiguous", /2 times in "text", at lines 1, 4/],
    [[replace("text", "foo(x)", "b")], "no_match", /line 2 only the white space.*\nfoo\( x \)/],
    [[replace("text", "zzz", "b")], "no_match", /nor anything like/],
    [[move("none", "x")], "absent", /"none" does not exist/],
    [[move("file", "other")], "conflict", /"other" exists already/],
    [[move("folder", "x")], "not_a_file", /is a folder/],
    [[move("link", "x")], "not_a_file", /is a link to "file"/],
    [[remove("link")], "not_a_file", /is a link to "file"/],
    [[remove("none")], "absent", /"none" does not exist/],
    [[remove("file"), remove("file")], "absent", /"file" does not exist/],
    [[write(".git/hooks/x", "x")], "protected", /inside .git/],
    [[move("file", ".git/x")], "protected", /inside .git/],
    [[write("../x", "x")], "outside", /outside|out of/],
    [[write("half", "\ud800")], "malformed", /lone surrogate/],
  ];
  for (const [changes, fault, message] of cases)
    expect(refusalIn(() => plan(root, ...changes))).toEqual({
      ...{ fault, message: expect.stringMatching(message) },
    });
});

test("an edit holds so many files and no more", async () => {
  const root = await folderWith({});
  const files = (count: number) => Array.from({ length: count }, (_, i) => write(`f${i}`, "x"));
  expect(plan(root, ...files(200)).steps).toHaveLength(200);
  expect(plan(root, ...files(200)).summary).toMatch(/^200 files: created f0 .*; 190 more$/);
  expect(refusalIn(() => plan(root, ...files(201)))).toMatchObject({ fault: "too_many" });
  const large = Array.from({ length: 13 }, (_, i) => write(`f${i}`, "x".repeat(10_485_760)));
  expect(refusalIn(() => plan(root, ...large))).toMatchObject({
    message: expect.stringContaining("make several edits"),
  });
});
