import { chown, mkdir, rename, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { files, refusal, rootAt, scratchFolder, wholeFile, write } from "./workspace.ts";

const isRoot = process.getuid?.() === 0;

/** A registered folder `project` in `parent`, and another of the same shape that nobody registered. */
async function registered() {
  const { path: base } = await scratchFolder();
  const [parent, other] = [join(base, "parent"), join(base, "other")];
  for (const folder of [parent, other]) {
    await mkdir(join(folder, "project"), { recursive: true });
    await writeFile(join(folder, "project/a"), `${folder}\n`);
  }
  const root = await rootAt(join(parent, "project"));
  const everything = () => [
    files.read(root, "a", wholeFile),
    files.list(root, ".", { depth: 1, limit_entries: 10 }),
    files.search(root, { pattern: "o" }, new AbortController().signal),
    files.digest(root, "a"),
    files.plan(root, [{ kind: "delete", path: "a" }], "edit_1"),
    write(root, "b", "x"),
  ];
  async function refusedEverywhere(why: RegExp): Promise<void> {
    for (const outcome of await Promise.all(everything().map(refusal)))
      expect(outcome).toEqual({
        fault: "workspace_changed",
        message: expect.stringMatching(why),
      });
  }
  await Promise.all(everything());
  return { base, parent, other, root, refusedEverywhere };
}

test("B0: a parent that becomes a link to another place leads nowhere", async () => {
  const { base, parent, other, refusedEverywhere } = await registered();
  await rename(parent, join(base, "away"));
  await symlink(other, parent);
  await refusedEverywhere(/leads to .*other\/project now; .*mainstay workspace add/);
});

test("B0: nor does another folder with the name of the registered one", async () => {
  const { base, parent, other, refusedEverywhere } = await registered();
  await rename(parent, join(base, "away"));
  await rename(other, parent);
  await refusedEverywhere(/is another folder now/);
});

test("B0: nor the registered folder at another place, or none at all", async () => {
  const { base, parent, root, refusedEverywhere } = await registered();
  await rename(root.path, join(base, "moved"));
  await refusedEverywhere(/is no folder now/);
  await symlink(join(base, "moved"), root.path);
  await refusedEverywhere(/is no folder now/);
  await rename(parent, join(base, "away"));
  await refusedEverywhere(/is no folder now/);
});

test.runIf(isRoot)("B0: nor one that was given to somebody else", async () => {
  const { root, refusedEverywhere } = await registered();
  await chown(root.path, 12_345, 12_345);
  await refusedEverywhere(/has a new owner/);
});
