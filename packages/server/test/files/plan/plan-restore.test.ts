/** Putting back what edits found, and showing what they did, from what is kept. */
import { chmod, mkdir, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { sha256Of } from "../../../src/files/bytes.ts";
import type { Change, EditPlan, FileStep, Restoration } from "../../../src/files/edit.ts";
import { bothSides } from "../../../src/files/plan/both-sides.ts";
import { diffOf } from "../../../src/files/plan/diff-of.ts";
import { planEdit } from "../../../src/files/plan/plan-edit.ts";
import { type KeptContents, planRestore } from "../../../src/files/plan/plan-restore.ts";
import { scratchFolder } from "../workspace.ts";
import { refusalIn } from "./refusal.ts";

const keeping = (...contents: string[]): KeptContents => {
  const kept = new Map(contents.map((content) => [sha256Of(content), Buffer.from(content)]));
  return { read: (sha256) => kept.get(sha256) ?? null };
};

/** An undo of a plan that was carried out. */
const reverse = ({ steps, folders }: EditPlan): Restoration => {
  const target = new Map(steps.map(({ path, moved_from }) => [moved_from, path]));
  const back = steps.map(({ path, before, after }): FileStep => {
    const from = target.get(path);
    const moved = from !== undefined && before !== null ? { moved_from: from } : {};
    return { path, before: after, after: before, ...moved };
  });
  return { steps: back, folders };
};

/** A folder with files, the plan of an edit there, and the files as the edit leaves them. */
async function editedFolder(files: Record<string, string>, ...changes: Change[]) {
  const root = await scratchFolder();
  const put = async (path: string, content: string, mode = 0o644) => {
    await mkdir(join(root.path, path, ".."), { recursive: true });
    await writeFile(join(root.path, path), content);
    await chmod(join(root.path, path), mode);
  };
  for (const [path, content] of Object.entries(files)) await put(path, content);
  const plan = planEdit(root, changes, "edit_1");
  for (const [i, { path, after }] of plan.steps.entries()) {
    if (after === null) await rm(join(root.path, path));
    else await put(path, String(plan.contents[i]!.after), after.mode);
  }
  return { root, put, plan, undo: reverse(plan) };
}

const changes: Change[] = [
  { kind: "write", path: "new/file", content: "x\n" },
  { kind: "write", path: "a", content: "2\n" },
  { kind: "move", path: "b", to: "moved" },
  { kind: "delete", path: "c" },
];
const before = { a: "1\n", b: "b\n", c: "c\n" };

test("an undo is a plan of its own, and what is moved back needs no backup", async () => {
  const { root, undo } = await editedFolder(before, ...changes);
  const plan = planRestore(root, undo, "edit_2", keeping("1\n", "c\n"));
  const told = plan.steps.map(({ path, moved_from }, i) => {
    const { after } = plan.contents[i]!;
    return [path, after && String(after), moved_from];
  });
  expect(told).toEqual([
    ["new/file", null, undefined],
    ["a", "1\n", undefined],
    ["b", "b\n", "moved"],
    ["moved", null, undefined],
    ["c", "c\n", undefined],
  ]);
  expect(plan.summary).toBe(
    "4 files: deleted new/file (+0 −1 lines); edited a (+1 −1 lines); moved moved to b; " +
      "created c (+1 −0 lines)",
  );
});

test("what came later is a conflict that shows both sides, of all files at once", async () => {
  const { root, put, undo } = await editedFolder(before, ...changes);
  await rm(join(root.path, "a"));
  await put("c", "somebody's new\n");
  await put("new/file", "somebody else\n");
  const refused = refusalIn(() => planRestore(root, undo, "edit_2", keeping("1\n", "2\n", "x\n")));
  expect(refused.fault).toBe("conflict");
  expect(refused.message).toBe(
    "--- new/file (expected)\n+++ new/file (found)\n@@ -1,1 +1,1 @@\n-x\n+somebody else\n" +
      "a: there is no such file now\n" +
      "c: no file was expected; there is one now",
  );
});

test("a file that is as it was already has nothing to be done to it, whatever its mode", async () => {
  const { root, put, undo } = await editedFolder(before, ...changes);
  await put("a", "1\n");
  await put("c", "c\n", 0o755);
  await rm(join(root.path, "new"), { recursive: true });
  const rest = planRestore(root, undo, "edit_2", keeping());
  expect(rest.steps.map(({ path }) => path)).toEqual(["b", "moved"]);
  await put("b", "b\n");
  await rm(join(root.path, "moved"));
  expect(planRestore(root, undo, "edit_3", keeping())).toMatchObject({ steps: [], contents: [] });
});

test("a mode alone is taken back, though the content is as it was all along", async () => {
  const { root, put } = await editedFolder({ a: "1\n" });
  const [kept, found] = [0o755, 0o644].map((mode) => ({
    ...{ sha256: sha256Of("1\n"), size_bytes: 2, mode, uid: 0, gid: 0 },
  }));
  await put("a", "1\n", 0o755);
  const steps = [{ path: "a", before: kept!, after: found! }];
  const plan = planRestore(root, { steps, folders: [] }, "edit_2", keeping());
  expect(plan.steps).toMatchObject([{ before: { mode: 0o755 }, after: { mode: 0o644 } }]);
});

test("a path that leads elsewhere by now is a conflict", async () => {
  const { root, put } = await editedFolder({ "src/a": "1\n" });
  const plan = planEdit(root, [{ kind: "write", path: "src/a", content: "2\n" }], "edit_1");
  await put("other/a", "2\n");
  await rm(join(root.path, "src"), { recursive: true });
  await symlink("other", join(root.path, "src"));
  const refused = refusalIn(() => planRestore(root, reverse(plan), "e", keeping()));
  expect(refused).toEqual({
    fault: "conflict",
    message: "src/a leads to other/a now, through a link",
  });
});

test("many edits are put back at once, which is more than one edit may change, within bounds", async () => {
  const root = await scratchFolder();
  const gone = (count: number): Restoration => {
    const kept = { sha256: sha256Of("x"), size_bytes: 1, mode: 0o644, uid: 0, gid: 0 };
    const paths = Array.from({ length: count }, (_, i) => `d${i % 40}/f${i}`);
    return { steps: paths.map((path) => ({ path, before: null, after: kept })), folders: [] };
  };
  const plan = planRestore(root, gone(2_000), "edit_2", keeping("x"));
  expect([plan.steps.length, plan.folders.length]).toEqual([2_000, 40]);
  expect(refusalIn(() => planRestore(root, gone(2_001), "edit_2", keeping("x")))).toMatchObject({
    fault: "too_many",
  });
});

test("folders that the edits made go with them, the innermost first", async () => {
  const { root, undo } = await editedFolder({}, { kind: "write", path: "a/b/c", content: "x" });
  expect(planRestore(root, undo, "edit_2", keeping()).emptied).toEqual(["a/b", "a"]);
});

test("what is not kept any more cannot be put back, and says so", async () => {
  const { root, undo } = await editedFolder(before, ...changes);
  expect(refusalIn(() => planRestore(root, undo, "edit_2", keeping("1\n")))).toEqual({
    fault: "backup_gone",
    message: expect.stringMatching(/^what "c" was \(2 bytes, \w{64}\) is not kept any more$/),
  });
});

test("a mode that somebody else set since stays, one that the edit took away comes back", async () => {
  const { root, put, undo } = await editedFolder(before, ...changes);
  await put("a", "2\n", 0o755);
  const { steps } = planRestore(root, undo, "edit_2", keeping("1\n", "c\n"));
  const modes = Object.fromEntries(steps.map(({ path, after }) => [path, after?.mode]));
  expect(modes).toMatchObject({ a: 0o755, b: 0o644, c: 0o644 });
});

test("the diff of an edit is what it was planned to be, and says what is not kept", async () => {
  const { plan } = await editedFolder(before, ...changes);
  const all = keeping("x\n", "1\n", "2\n", "b\n", "c\n");
  expect(diffOf(plan, all)).toEqual({ diff: plan.diff, gaps: [] });
  const less = diffOf(plan, keeping("x\n", "2\n", "b\n"));
  expect(less.gaps).toEqual([
    "a: what it was before is not kept any more",
    "c: what it was before is not kept any more",
  ]);
  expect(less.diff).toContain("+++ new/file");
  expect(diffOf(plan, keeping())).toMatchObject({ diff: null });
});

test("a rewrite too large for a diff is shown as what went and what came, within bounds", async () => {
  const many = (word: string) => Array.from({ length: 3_000 }, (_, i) => `${word} ${i}\n`).join("");
  const [old, fresh] = [many("old"), many("new")];
  const { plan } = await editedFolder({ a: old }, { kind: "write", path: "a", content: fresh });
  expect(plan.diff).toContain("too much changed for a diff");
  const { diff } = diffOf(plan, keeping(old, fresh));
  expect(diff).toMatch(/^--- a\n\+\+\+ a\n@@ -1,3000 \+1,3000 @@\n-old 0\n-old 1\n/);
  expect(diff).toMatch(/\n\+new 1\n[^]*\n… 1003 more lines of this diff$/);
});

test("both sides of a conflict are bounded, and binary ones only named", () => {
  const many = Buffer.from("x\n".repeat(300));
  const told = bothSides("f", Buffer.from("y\n"), many);
  expect(told).toMatch(/^--- f \(expected\)\n\+\+\+ f \(found\)\n[^]*more lines of this diff$/);
  expect(told.length).toBeLessThan(3_200);
  expect(bothSides("f", Buffer.from([0]), many)).toBe("f: one of the two is binary");
  const forged = bothSides("f\n+g", Buffer.from("y\n"), Buffer.from("z\n"));
  expect(forged).toMatch(/^--- "f\\n\+g" \(expected\)\n\+\+\+ "f\\n\+g" \(found\)\n@@/);
  expect(bothSides("f\n+g", null, many)).toMatch(/^"f\\n\+g": no file/);
});
