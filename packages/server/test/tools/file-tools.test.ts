import { chmod, mkdir, readFile, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { limits } from "../../src/kernel/limits.ts";
import { applyPatchTool } from "../../src/tools/apply-patch.ts";
import { deleteFileTool } from "../../src/tools/delete-file.ts";
import { editFileTool } from "../../src/tools/edit-file.ts";
import { listFilesTool } from "../../src/tools/list-files.ts";
import { moveFileTool } from "../../src/tools/move-file.ts";
import { readFileTool } from "../../src/tools/read-file.ts";
import { nobody } from "../../src/tools/tool.ts";
import { createToolbox } from "../../src/tools/tools.ts";
import type { Tool } from "../../src/tools/tools.ts";
import { writeFileTool } from "../../src/tools/write-file.ts";
import { files } from "../files/workspace.ts";
import { openWorkshop, type Workshop } from "./workshop.ts";

let shop: Workshop;
beforeAll(async () => void (shop = await openWorkshop()));
afterAll(() => shop.close());
beforeEach(() => shop.empty());

const edits: Workshop["edits"] = {
  prepare: (...wanted) => shop.edits.prepare(...wanted),
  settle: (edit_id) => shop.edits.settle(edit_id),
};
const read = readFileTool({ files });
const write = writeFileTool({ edits });
const edit = editFileTool({ edits });
const move = moveFileTool({ edits });
const remove = deleteFileTool({ edits });
const patch = applyPatchTool({ edits });
const list = listFilesTool({ files });

const never = new AbortController().signal;
const call: Workshop["call"] = (tool, input) => shop.call(tool, input);
const at = (path: string): string => join(shop.scene.workspace.path, path);

async function planned(path: string, content: string) {
  const prepared = await write.prepare({ path, content }, shop.scene);
  if (prepared.kind !== "ready" || prepared.effect.kind !== "edit")
    throw new Error("no effect on files");
  return { ...prepared, effect: prepared.effect };
}

test("write, edit, read and list, as a model reads them", async () => {
  const written = await call(write, { path: "src/a.ts", content: "one\ntwo\n" });
  expect(written.outcome).toBe("ok");
  expect(written.result).toBe(
    "created src/a.ts (+2 −0 lines)\n--- /dev/null\n+++ src/a.ts\n@@ -0,0 +1,2 @@\n+one\n+two",
  );
  const edited = await call(edit, { path: "src/a.ts", old_text: "two", new_text: "2" });
  expect(edited.result).toContain("edited src/a.ts (+1 −1 lines)");
  expect(edited.result).toContain("-two\n+2");
  const { result, outcome } = await call(read, { path: "src/a.ts" });
  expect({ result, outcome }).toEqual({
    outcome: "ok",
    result: expect.stringMatching(/^one\n2\n\[lines 1 to 2 of 2; sha256 [0-9a-f]{12}\]$/),
  });
  const part = await call(read, { path: "src/a.ts", limit: 1 });
  expect(part.result).toMatch(/^one\n\[lines 1 to 1 of 2; sha256 \w{12}; go on with offset 2\]$/);
  const rest = await call(read, { path: "src/a.ts", offset: 2 });
  expect(rest.result).toMatch(/^2\n\[lines 2 to 2 of 2; sha256 \w{12}\]$/);
  expect((await call(list, {})).result).toBe("src/\nsrc/a.ts");
});

test("lines are edited by the hash that reading told, once", async () => {
  await call(write, { path: "a", content: "1\n2\n3\n4\n" });
  const told = await call(read, { path: "a" });
  const sha256 = /sha256 (\w+)/.exec(told.result)![1]!;
  const lines = { path: "a", first_line: 2, last_line: 3, new_text: "two\nthree", sha256 };
  expect((await call(edit, lines)).result).toContain("-2\n-3\n+two\n+three");
  expect(await readFile(at("a"), "utf8")).toBe("1\ntwo\nthree\n4\n");
  const again = await call(edit, lines);
  expect(again).toMatchObject({ outcome: "error" });
  expect(again.result).toMatch(/not the file that was read: .* lines 2 to 3 are now\ntwo\nthree/);
});

test("move, delete and patch, with what a person sees of it", async () => {
  await call(write, { path: "a", content: "1\n" });
  await chmod(at("a"), 0o755);
  const moved = await call(move, { path: "a", to: "bin/a" });
  expect(moved.result).toBe("moved a to bin/a\nrename from a\nrename to bin/a");
  const both =
    "--- a/bin/a\n+++ b/bin/a\n@@ -1 +1 @@\n-1\n+2\n--- /dev/null\n+++ b/c\n@@ -0,0 +1 @@\n+c\n";
  expect((await call(patch, { patch: both })).result).toMatch(
    /^2 files: edited bin\/a .*; created c/,
  );
  expect(await readFile(at("bin/a"), "utf8")).toBe("2\n");
  const deleted = await call(remove, { path: "bin/a" });
  expect(deleted.result).toContain("deleted bin/a (+0 −1 lines)\n--- bin/a\n+++ /dev/null");
  expect((await readdir(shop.scene.workspace.path)).toSorted()).toEqual(["bin", "c"]);
});

test("an edit names either a passage or lines", () => {
  const toolbox = createToolbox([edit] as unknown as Tool[]);
  const reads = (input: object) =>
    toolbox.read({ id: "1", name: "edit_file", input: JSON.stringify({ path: "a", ...input }) }).ok;
  const lines = { first_line: 1, last_line: 2, sha256: "0123456789ab" };
  expect(reads({ old_text: "a", new_text: "b" })).toBe(true);
  expect(reads({ ...lines, new_text: "b" })).toBe(true);
  expect(reads({ new_text: "b" })).toBe(false);
  expect(reads({ ...lines, old_text: "a", new_text: "b" })).toBe(false);
  expect(reads({ first_line: 1, last_line: 2, new_text: "b" })).toBe(false);
  expect(reads({ ...lines, new_text: "b", replace_all: true })).toBe(false);
});

test("what is refused is an error that says what to do, never a throw", async () => {
  const ends = await Promise.all([
    call(read, { path: "none" }),
    call(write, { path: "/etc/passwd", content: "x" }),
    call(edit, { path: "none", old_text: "a", new_text: "b" }),
    call(move, { path: "none", to: "x" }),
    call(remove, { path: "none" }),
    call(patch, { patch: "nothing" }),
    call(list, { path: ".." }),
  ]);
  for (const { outcome, result } of ends) {
    expect(outcome).toBe("error");
    expect(result.length).toBeGreaterThan(10);
  }
});

test("the same content again writes nothing and has no effect", async () => {
  await call(write, { path: "a", content: "x\n" });
  const prepared = await write.prepare({ path: "a", content: "x\n" }, shop.scene);
  expect(prepared).toMatchObject({ kind: "ready", effect: { kind: "none" } });
  const end = await call(write, { path: "a", content: "x\n" });
  expect(end).toMatchObject({
    outcome: "ok",
    result: "The files are so already; nothing was written.",
  });
});

test("J3: preparing changes nothing, and an aborted call writes nothing", async () => {
  const { effect, execute, writes } = await planned("a", "x\n");
  expect(effect.files).toMatchObject([{ path: "a", before: null }]);
  expect(effect.edit_id).toMatch(/^edit_/);
  expect(writes, "row and trail go before the files").not.toEqual([]);
  await expect(execute(AbortSignal.abort("stop"), nobody)).rejects.toBe("stop");
  expect(await readdir(shop.scene.workspace.path)).toEqual([]);
});

test("recovery: never started, written before the restart, or known by nobody", async () => {
  await writeFile(at("a"), "old\n");
  const prepared = await planned("a", "new\n");
  const { effect } = prepared;
  const recovered = () => edit.recover(effect, shop.scene, never, nobody);
  expect(await recovered(), "not on record").toEqual({ kind: "never_started" });

  await shop.commit(prepared.writes);
  expect(await recovered()).toEqual({ kind: "never_started" });
  expect(await readFile(at("a"), "utf8"), "recovery runs nothing").toBe("old\n");

  const done = await planned("a", "new\n");
  await shop.commit(done.writes);
  await done.execute(never, nobody);
  expect(await write.recover(done.effect, shop.scene, never, nobody)).toMatchObject({
    kind: "ended",
    end: { outcome: "ok", result: "Written before the restart: a" },
  });

  const lost = await planned("a", "newest\n");
  await shop.commit(lost.writes);
  await writeFile(at("a"), "somebody else\n");
  const unknown = await write.recover(lost.effect, shop.scene, never, nobody);
  expect(unknown).toMatchObject({ kind: "ended", end: { outcome: "unknown" } });
  expect(await readFile(at("a"), "utf8")).toBe("somebody else\n");

  for (const tool of [read, list])
    expect(await tool.recover({ kind: "none" }, shop.scene, never, nobody)).toEqual({
      kind: "never_started",
    });
});

test("an edit that an older server began is not decided by this one", async () => {
  const old = { edit_id: "edit_1", path: "a", before_sha256: null, after_sha256: "0" };
  const recovered = await write.recover({ kind: "file", ...old }, shop.scene, never, nobody);
  expect(recovered).toMatchObject({ kind: "ended", end: { outcome: "unknown" } });
  expect(JSON.stringify(recovered)).toContain("Read the file before you go on");
});

test("results are bounded, and say what they leave out", async () => {
  const root = shop.scene.workspace.path;
  await writeFile(join(root, "long"), "0123456789\n".repeat(10_000));
  await writeFile(join(root, "wide"), "x".repeat(100_000));
  await mkdir(join(root, "many"));
  const names = Array.from({ length: 700 }, (_, i) => `${"n".repeat(100)}${i}`);
  await Promise.all(names.map((name) => writeFile(join(root, "many", name), "")));
  const long = await call(read, { path: "long" });
  expect(long.result).toMatch(/\[lines 1 to 2000 of 10000; sha256 \w+; go on with offset 2001\]$/);
  const wide = await call(read, { path: "wide" });
  expect(wide.result).toMatch(/\[line 1 of 1 is longer than one read/);
  const many = await call(list, { path: "many" });
  expect(many.result).toMatch(/… \d+ more$/);
  const rewritten = await call(write, { path: "long", content: "y\n".repeat(10_000) });
  expect(rewritten.result).toContain("10001 lines before, 10001 after");
  const created = await call(write, { path: "new", content: `${"z".repeat(90)}\n`.repeat(5_000) });
  expect(created.result).toMatch(/… \d+ more lines of this diff$/);
  for (const { outcome, result } of [long, wide, many, rewritten, created]) {
    expect(outcome).toBe("ok");
    expect(result.length).toBeLessThanOrEqual(limits.tool_result_chars);
  }
});

test("the one-line intent has no line breaks or hidden characters", () => {
  expect(read.describe({ path: "src/a.ts" })).toBe("read src/a.ts");
  expect(list.describe({})).toBe("list the workspace");
  expect(write.describe({ path: "a\n\u202Eb", content: "" })).toBe("write a\\u{a}\\u{202e}b");
});

test("a patch is named after its first file, and says of how many more it is", () => {
  const { describe } = applyPatchTool({ edits });
  const one = "--- a/a.ts\n+++ b/a.ts\n@@ -1,2 +1,2 @@\n-x\n+y\n+++ no header\n";
  const gone = "--- a/b.ts\n+++ /dev/null\n@@ -1 +0,0 @@\n-x\n";
  const moved = "rename from c.ts\nrename to d.ts\n--- a/c.ts\n+++ b/d.ts\n@@ -1 +1 @@\n-x\n+y\n";
  expect(describe({ patch: one })).toBe("patch a.ts");
  expect(describe({ patch: one + gone + moved })).toBe("patch a.ts and 2 more");
  expect(describe({ patch: gone })).toBe("patch b.ts");
  expect(describe({ patch: "" })).toBe("patch files");
});
