import { mkdir, readFile, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { limits } from "../../src/kernel/limits.ts";
import { editFileTool } from "../../src/tools/edit-file.ts";
import { listFilesTool } from "../../src/tools/list-files.ts";
import { readFileTool } from "../../src/tools/read-file.ts";
import { nobody } from "../../src/tools/tool.ts";
import { createToolbox } from "../../src/tools/tools.ts";
import type { Scene, Tool, ToolEnd } from "../../src/tools/tools.ts";
import { writeFileTool } from "../../src/tools/write-file.ts";
import { files, scratchFolder } from "../files/workspace.ts";

const read = readFileTool({ files });
const write = writeFileTool({ files });
const edit = editFileTool({ files });
const list = listFilesTool({ files });

async function scene(): Promise<Scene> {
  return {
    turn_id: "turn_1",
    step: 1,
    call_id: "call_1",
    intent: "try it",
    person: { id: "usr_1", number: 1 },
    workspace: { id: "ws_1", ...(await scratchFolder()) },
    decision: null,
  };
}

const never = new AbortController().signal;

async function call<Input>(tool: Tool<Input>, input: Input, where: Scene): Promise<ToolEnd> {
  const prepared = await tool.prepare(input, where);
  if (prepared.kind === "consent" || prepared.kind === "paused")
    throw new Error("file tools ask nobody, and no pause concerns them");
  return prepared.kind === "ended" ? prepared.end : prepared.execute(never, nobody);
}

async function planned(where: Scene, path: string, content: string) {
  const prepared = await write.prepare({ path, content }, where);
  if (prepared.kind !== "ready" || prepared.effect.kind !== "file")
    throw new Error("no file effect");
  return { effect: prepared.effect, execute: prepared.execute };
}

test("write, edit, read and list, as a model reads them", async () => {
  const where = await scene();
  const written = await call(write, { path: "src/a.ts", content: "one\ntwo\n" }, where);
  expect(written.outcome).toBe("ok");
  expect(written.result).toBe(
    "created src/a.ts (+2 −0 lines)\n--- /dev/null\n+++ src/a.ts\n@@ -0,0 +1,2 @@\n+one\n+two",
  );
  const edited = await call(edit, { path: "src/a.ts", old_text: "two", new_text: "2" }, where);
  expect(edited.result).toContain("edited src/a.ts (+1 −1 lines)");
  expect(edited.result).toContain("-two\n+2");
  expect(await call(read, { path: "src/a.ts" }, where)).toEqual({
    outcome: "ok",
    result: "one\n2\n",
    command: null,
  });
  const part = await call(read, { path: "src/a.ts", limit: 1 }, where);
  expect(part.result).toBe("one\n[lines 1 to 1 of 2; go on with offset 2]");
  const rest = await call(read, { path: "src/a.ts", offset: 2 }, where);
  expect(rest.result).toBe("2\n[lines 2 to 2 of 2]");
  expect((await call(list, {}, where)).result).toBe("src/\nsrc/a.ts");
});

test("what is refused is an error that says what to do, never a throw", async () => {
  const where = await scene();
  const ends = await Promise.all([
    call(read, { path: "none" }, where),
    call(write, { path: "/etc/passwd", content: "x" }, where),
    call(edit, { path: "none", old_text: "a", new_text: "b" }, where),
    call(list, { path: ".." }, where),
  ]);
  for (const { outcome, result } of ends) {
    expect(outcome).toBe("error");
    expect(result.length).toBeGreaterThan(10);
  }
});

test("the same content again writes nothing and has no effect", async () => {
  const where = await scene();
  await call(write, { path: "a", content: "x\n" }, where);
  const prepared = await write.prepare({ path: "a", content: "x\n" }, where);
  expect(prepared).toMatchObject({ kind: "ready", effect: { kind: "none" } });
  const end = await call(write, { path: "a", content: "x\n" }, where);
  expect(end).toMatchObject({
    outcome: "ok",
    result: "a already has this content; nothing was written.",
  });
});

test("J3: preparing changes nothing, and an aborted call writes nothing", async () => {
  const where = await scene();
  const { effect, execute } = await planned(where, "a", "x\n");
  expect(effect).toMatchObject({ path: "a", before_sha256: null });
  expect(effect.edit_id).toMatch(/^edit_/);
  await expect(execute(AbortSignal.abort("stop"), nobody)).rejects.toBe("stop");
  expect(await readdir(where.workspace.path)).toEqual([]);
});

test("recovery: never started, written before the restart, or unknown", async () => {
  const where = await scene();
  const path = join(where.workspace.path, "a");
  await writeFile(path, "old\n");
  const { effect, execute } = await planned(where, "a", "new\n");
  expect(await write.recover(effect, where, never, nobody)).toEqual({ kind: "never_started" });

  await writeFile(join(where.workspace.path, `.${effect.edit_id}.tmp`), "ne");
  expect(await edit.recover(effect, where, never, nobody)).toEqual({ kind: "never_started" });
  expect(await readdir(where.workspace.path), "what the crash left is gone").toEqual(["a"]);

  await execute(never, nobody);
  expect(await write.recover(effect, where, never, nobody)).toMatchObject({
    kind: "ended",
    end: { outcome: "ok", result: "a was written before the restart." },
  });

  await writeFile(path, "somebody else\n");
  const unknown = await write.recover(effect, where, never, nobody);
  if (unknown.kind !== "ended") throw new Error("it must not run again");
  expect(unknown.end.outcome).toBe("unknown");
  const hashes = [
    effect.before_sha256,
    effect.after_sha256,
    await files.digest(where.workspace, "a"),
  ];
  for (const hash of hashes) expect(unknown.end.result).toContain(hash);
  expect(await readFile(path, "utf8"), "recovery runs nothing").toBe("somebody else\n");

  for (const tool of [read, list])
    expect(await tool.recover({ kind: "none" }, where, never, nobody)).toEqual({
      kind: "never_started",
    });
});

test("results are bounded, and say what they leave out", async () => {
  const where = await scene();
  const root = where.workspace.path;
  await writeFile(join(root, "long"), "0123456789\n".repeat(10_000));
  await writeFile(join(root, "wide"), "x".repeat(100_000));
  await mkdir(join(root, "many"));
  const names = Array.from({ length: 700 }, (_, i) => `${"n".repeat(100)}${i}`);
  await Promise.all(names.map((name) => writeFile(join(root, "many", name), "")));
  const long = await call(read, { path: "long" }, where);
  expect(long.result).toMatch(/\[lines 1 to 2000 of 10000; go on with offset 2001\]$/);
  const wide = await call(read, { path: "wide" }, where);
  expect(wide.result).toMatch(/\[line 1 of 1 is longer than one read/);
  const many = await call(list, { path: "many" }, where);
  expect(many.result).toMatch(/… \d+ more$/);
  const rewritten = await call(write, { path: "long", content: "y\n".repeat(10_000) }, where);
  expect(rewritten.result).toContain("10001 lines before, 10001 after");
  const created = await call(
    write,
    { path: "new", content: `${"z".repeat(90)}\n`.repeat(5_000) },
    where,
  );
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

test("what a model is told of the four tools is short", () => {
  const { specs } = createToolbox([read, write, edit, list] as unknown as Tool[]);
  expect(JSON.stringify(specs).length).toBeLessThan(2_800);
});
