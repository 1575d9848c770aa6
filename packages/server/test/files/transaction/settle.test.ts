import fs, {
  chmodSync,
  linkSync,
  mkdirSync,
  rmSync,
  statSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { sha256Of } from "../../../src/files/bytes.ts";
import type { EditPlan } from "../../../src/files/edit.ts";
import { settleEdit } from "../../../src/files/transaction/settle.ts";
import { type Standing, verdictOn } from "../../../src/files/transaction/verdict.ts";
import {
  type EditScene,
  contentsOf,
  editScene,
  errno,
  planOf,
  replaceCalls,
} from "./edit-scene.ts";

const BEFORE = { a: "old a", b: "old b" };
const AFTER = { a: "new a", "d/": "", "d/c": "new c" };
const TAKES = ["a", "d/c", "b"] as const;

interface Interrupted extends EditScene {
  readonly plan: EditPlan;
  readonly at: (path: string) => string;
}

/** As a crash left it: which steps are switched; where `has_old` the originals have their second names. */
async function interrupted(switched: readonly string[], has_old: boolean): Promise<Interrupted> {
  const scene = await editScene();
  const at = (path: string) => join(scene.root.path, path);
  writeFileSync(at("a"), "old a");
  writeFileSync(at("b"), "old b");
  const plan = planOf(scene.root, { a: "new a", "d/c": "new c", b: null }, ["d"]);
  mkdirSync(at("d"));
  for (const [i, { path, before }] of plan.steps.entries()) {
    const { before: old, after: fresh } = plan.contents[i] ?? {};
    const beside = join(at(path), `../.${plan.edit_id}.${i}`);
    if (before !== null && old) await scene.backups.keep(old, before.sha256, "durable");
    if (before !== null && has_old) linkSync(at(path), `${beside}.old`);
    if (switched.includes(path)) {
      rmSync(at(path), { force: true });
      if (fresh) writeFileSync(at(path), fresh);
    } else writeFileSync(`${beside}.new`, "half wri");
  }
  return { ...scene, plan, at };
}

const subsets = [0, 1, 2, 3, 4, 5, 6, 7].map((bits) => TAKES.filter((_, i) => bits & (1 << i)));

test("S2: whichever of its steps a crash had switched, it is all or nothing, with a second name or a backup", async () => {
  for (const switched of subsets) {
    for (const has_old of [true, false]) {
      const { root, plan, ...scene } = await interrupted(switched, has_old);
      const backups = has_old ? { ...scene.backups, read: () => null } : scene.backups;
      const settled = await settleEdit(root, plan, backups);
      const is_all = switched.length === TAKES.length;
      expect(settled, switched.join()).toEqual(
        is_all ? { state: "applied" } : { state: "untouched", taken_back: switched, left: [] },
      );
      expect(contentsOf(root.path), switched.join()).toEqual(is_all ? AFTER : BEFORE);
      expect(await settleEdit(root, plan, backups), "S4: once more").toEqual(
        is_all ? { state: "applied" } : { state: "untouched", taken_back: [], left: [] },
      );
    }
  }
});

test("S3: what somebody changed since stays, and the rest is brought to one side", async () => {
  const { root, plan, backups, at } = await interrupted(["a", "d/c"], true);
  writeFileSync(at("a"), "their a");
  expect(await settleEdit(root, plan, backups)).toEqual({
    state: "untouched",
    taken_back: ["d/c"],
    left: ["a"],
  });
  expect(contentsOf(root.path)).toEqual({ a: "their a", b: "old b" });
});

test("S3: it counts as done where all else is", async () => {
  const { root, plan, backups, at } = await interrupted(["a", "d/c", "b"], true);
  writeFileSync(at("a"), "their a");
  expect(await settleEdit(root, plan, backups)).toEqual({ state: "applied" });
  expect(contentsOf(root.path)).toEqual({ ...AFTER, a: "their a" });
});

test("S3: a link in a file's place is not followed, and a folder that somebody filled stays", async () => {
  const { root, plan, backups, at } = await interrupted(["d/c"], true);
  const outside = await editScene();
  writeFileSync(join(outside.root.path, "x"), "new a");
  unlinkSync(at("a"));
  symlinkSync(join(outside.root.path, "x"), at("a"));
  writeFileSync(at("d/theirs"), "theirs");
  expect(await settleEdit(root, plan, backups)).toEqual({
    state: "untouched",
    taken_back: ["d/c"],
    left: ["a"],
  });
  expect(contentsOf(root.path)).toMatchObject({ b: "old b", "d/theirs": "theirs" });
  expect(contentsOf(outside.root.path)).toEqual({ x: "new a" });
});

test("what the edit deleted and whose folder went since counts as done, or waits for the folder", async () => {
  const { root, backups, at } = await interrupted([], false);
  mkdirSync(at("e"));
  writeFileSync(at("e/x"), "old x");
  const alone = planOf(root, { "e/x": null });
  const plan = planOf(root, { "e/x": null, z: "z" });
  await backups.keep(Buffer.from("old x"), sha256Of("old x"), "durable");
  rmSync(at("e"), { recursive: true });
  expect(await settleEdit(root, alone, backups)).toEqual({ state: "applied" });
  expect(await settleEdit(root, plan, backups)).toEqual({
    state: "torn",
    fault:
      '"e/x": its folder is gone; make it again, and the file is brought back. ' +
      "e/x: as after the edit; z: as before the edit",
  });
  mkdirSync(at("e"));
  expect(await settleEdit(root, plan, backups)).toEqual({
    ...{ state: "untouched", taken_back: ["e/x"], left: [] },
  });
  expect(contentsOf(root.path)).toMatchObject({ "e/x": "old x" });
});

test.each(["EINVAL", "ENOTSUP", "EIO"])("a folder whose sync ends in %s", async (code) => {
  const { root, plan, backups } = await interrupted(["a"], true);
  const { fsync } = fs;
  const failing = (fd: number, done: (fault: Error | null) => void) =>
    fs.fstatSync(fd).isDirectory() ? done(errno(code)) : fsync(fd, done);
  replaceCalls({ fsync: Object.assign(failing, fsync) });
  const state = code === "EIO" ? "torn" : "untouched";
  expect(await settleEdit(root, plan, backups)).toMatchObject({ state });
  expect(contentsOf(root.path)).toMatchObject(BEFORE);
});

test("a way back that is gone leaves it torn, with what is known; with it, it is taken back", async () => {
  const { root, plan, backups } = await interrupted(["a", "d/c"], false);
  const none = { ...backups, read: () => null };
  const hash = plan.steps[0]?.before?.sha256;
  expect(await settleEdit(root, plan, none)).toEqual({
    state: "torn",
    fault:
      `"a": what it was before (${hash}) is not among the backups, or not whole. ` +
      "a: as after the edit; d/c: as before the edit; b: as before the edit",
  });
  expect(await settleEdit(root, plan, backups)).toMatchObject({ taken_back: ["a"] });
  expect(contentsOf(root.path)).toEqual(BEFORE);
});

test("a workspace that is another folder now is not touched", async () => {
  const { root, plan, backups } = await interrupted(["a"], true);
  const seen = contentsOf(root.path);
  const settled = await settleEdit({ ...root, ino: "1" }, plan, backups);
  expect(settled).toMatchObject({
    state: "torn",
    fault: expect.stringContaining("another folder"),
  });
  expect(contentsOf(root.path)).toEqual(seen);
});

test("where only the mode changes, the mode says which side it is", async () => {
  const { root, backups, at } = await interrupted([], false);
  writeFileSync(at("m"), "m", { mode: 0o644 });
  const plan = planOf(root, { m: { text: "m", mode: 0o755 }, n: "n" });
  const settled = () => settleEdit(root, plan, backups);
  expect(await settled()).toEqual({ state: "untouched", taken_back: [], left: [] });
  chmodSync(at("m"), 0o755);
  await backups.keep(Buffer.from("m"), sha256Of("m"), "durable");
  writeFileSync(at("n"), "n");
  expect(await settled()).toEqual({ state: "applied" });
  unlinkSync(at("n"));
  expect(await settled()).toEqual({ state: "untouched", taken_back: ["m"], left: [] });
  expect(statSync(at("m")).mode & 0o777).toBe(0o644);
});

test("the verdict", () => {
  const of = (...as: ("before" | "after" | "neither" | "unseen")[]) =>
    verdictOn(as.map((one): Standing => (one === "unseen" ? { as: one, fault: "" } : { as: one })));
  expect(of("before", "neither")).toBe("untouched");
  expect(of("after", "neither", "after")).toBe("applied");
  expect(of("after", "neither", "before")).toBe("take back");
  expect(of("neither", "neither")).toBe("unknown");
  expect(of("before", "after", "unseen")).toBe("unknown");
  expect(of()).toBe("applied");
});
