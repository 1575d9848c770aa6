/** Folders that an edit makes while somebody else makes or moves some; P5. */
import fs, {
  chmodSync,
  chownSync,
  mkdirSync,
  renameSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { planEdit } from "../../../src/files/plan/plan-edit.ts";
import { applyEdit } from "../../../src/files/transaction/apply.ts";
import { contentsOf, editScene, planOf, refusalOf, replaceCalls, rootAt } from "./edit-scene.ts";

const as_root = process.getuid?.() === 0;
const OWNER = { uid: 12_345, gid: 54_321 };

/** A folder of somebody else than root. */
async function theirFolder() {
  const scene = await editScene();
  chownSync(scene.root.path, OWNER.uid, OWNER.gid);
  const root = await rootAt(scene.root.path);
  return { ...scene, root, at: (path: string) => join(root.path, path) };
}

test.runIf(as_root)("P5: a folder that somebody else makes meanwhile stays theirs", async () => {
  const { root, backups, at } = await theirFolder();
  const plan = planOf(root, { "new/file": "x" }, ["new"]);
  const { mkdirSync: real } = fs;
  replaceCalls({
    mkdirSync: ((path: string) => {
      real(path);
      chmodSync(path, 0o777);
      return real(path);
    }) as typeof fs.mkdirSync,
  });
  await applyEdit(root, plan, backups);
  expect(statSync(at("new"))).toMatchObject({ uid: 0 });
  expect(statSync(at("new/file"))).toMatchObject(OWNER);
});

test.runIf(as_root)("P5: nor is one given away that took a new one's place", async () => {
  const { root, backups, at } = await theirFolder();
  mkdirSync(at("roots/own"), { recursive: true });
  const plan = planOf(root, { "new/file": "x" }, ["new"]);
  const { mkdirSync: real } = fs;
  replaceCalls({
    mkdirSync: ((path: string) => {
      real(path);
      renameSync(path, at("away"));
      renameSync(at("roots"), path);
    }) as typeof fs.mkdirSync,
  });
  expect(await refusalOf(applyEdit(root, plan, backups))).toMatchObject({ fault: "conflict" });
  expect(statSync(at("new"))).toMatchObject({ uid: 0 });
  expect(statSync(at("new/own"))).toMatchObject({ uid: 0 });
});

test.runIf(as_root)("P5: what is new in a set-group-id folder has its group", async () => {
  const { root, backups, at } = await theirFolder();
  mkdirSync(at("shared"));
  chownSync(at("shared"), OWNER.uid, 50);
  chmodSync(at("shared"), 0o2775);
  const write = { kind: "write", path: "shared/deep/new", content: "x" } as const;
  await applyEdit(root, planEdit(root, [write], "edit_1"), backups);
  for (const path of ["shared/deep", "shared/deep/new"])
    expect(statSync(at(path)), path).toMatchObject({ uid: OWNER.uid, gid: 50 });
});

test("folders that an edit empties go, and what somebody has put into one keeps it", async () => {
  const { root, backups } = await editScene();
  const at = (path: string) => join(root.path, path);
  const made = ["a", "a/b", "c"];
  await applyEdit(root, planOf(root, { "a/b/x": "x", "c/x": "x" }, made), backups);
  writeFileSync(at("c/theirs"), "theirs");
  const emptied = [...made.toReversed(), "gone/below", "c/theirs"];
  const plan = { ...planOf(root, { "a/b/x": null, "c/x": null }), emptied };
  expect(await applyEdit(root, plan, backups)).toEqual({ unconfirmed: null });
  expect(contentsOf(root.path)).toEqual({ "c/": "", "c/theirs": "theirs" });
});

test("nor is one taken that a link leads to", async () => {
  const { root, backups } = await editScene();
  const at = (path: string) => join(root.path, path);
  mkdirSync(at("kept/inner"), { recursive: true });
  symlinkSync("kept", at("a"));
  const plan = { ...planOf(root, { x: "x" }), emptied: ["a/inner", "a"] };
  await applyEdit(root, plan, backups);
  expect(contentsOf(root.path)).toMatchObject({ "kept/inner/": "", x: "x" });
});
