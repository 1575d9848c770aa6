import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { applyEdit } from "../../../src/files/transaction/apply.ts";
import { settleEdit } from "../../../src/files/transaction/settle.ts";
import { contentsOf, editScene, planOf, refusalOf } from "./edit-scene.ts";

test("all of it happens: changed, created in new folders, deleted; nothing stays beside it", async () => {
  const { root, backups } = await editScene();
  await writeFile(join(root.path, "a"), "old a");
  await writeFile(join(root.path, "b"), "old b");
  const plan = planOf(root, { a: "new a", "d/e/c": "new c", "d/f": "new f", b: null }, [
    "d",
    "d/e",
  ]);
  expect(await applyEdit(root, plan, backups)).toEqual({ unconfirmed: null });
  const done = { a: "new a", "d/": "", "d/e/": "", "d/e/c": "new c", "d/f": "new f" };
  expect(contentsOf(root.path)).toEqual(done);
  expect(backups.read(plan.steps[0]?.before?.sha256 ?? "")?.toString()).toBe("old a");
  expect(backups.read(plan.steps[3]?.before?.sha256 ?? "")?.toString()).toBe("old b");
  expect(await settleEdit(root, plan, backups)).toEqual({ state: "applied" });
  expect(contentsOf(root.path)).toEqual(done);
});

test("P3: one file that was changed meanwhile, and nothing happens to any", async () => {
  const { root, backups } = await editScene();
  await writeFile(join(root.path, "a"), "old a");
  await writeFile(join(root.path, "b"), "old b\n");
  const plan = planOf(root, { a: "new a", "d/c": "new c", b: "new b" }, ["d"]);
  await writeFile(join(root.path, "b"), "their b\n");
  const { fault, message } = await refusalOf(applyEdit(root, plan, backups));
  expect(fault).toBe("conflict");
  expect(message).toContain("a and b are untouched, d/c was not created.");
  expect(message).toContain("-old b\n+their b");
  expect(contentsOf(root.path)).toEqual({ a: "old a", b: "their b\n" });
  expect(await settleEdit(root, plan, backups)).toEqual({ state: "untouched", taken_back: [] });
});
