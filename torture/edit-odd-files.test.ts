/** What is no regular file is neither read nor edited, whenever it appears, and nothing waits for it. */
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import {
  chownSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { Change } from "../packages/server/src/files/edit.ts";
import { planEdit } from "../packages/server/src/files/plan/plan-edit.ts";
import { readWindow } from "../packages/server/src/files/read-window.ts";
import { applyEdit } from "../packages/server/src/files/transaction/apply.ts";
import { newId } from "../packages/server/src/kernel/ids.ts";
import { rootOf } from "./edits/scene.ts";
import { applied, edit, planned, refusalOf, withWorkspace } from "./edits/workspace.ts";
import { lackOfMounting, titled } from "./means.ts";

const WINDOW = { offset_lines: 1, limit_lines: 10, limit_bytes: 1_000 };

const KINDS: Record<string, (path: string) => Promise<() => unknown>> = {
  async "a named pipe"(path) {
    execFileSync("mkfifo", [path]);
    return () => rmSync(path);
  },
  async "a socket"(path) {
    const server = createServer().listen(path);
    await once(server, "listening");
    return () => server.close();
  },
  async "a folder"(path) {
    mkdirSync(path);
    return () => rmSync(path, { recursive: true });
  },
  ...(lackOfMounting() === null && {
    async "a device"(path: string) {
      execFileSync("mknod", [path, "c", "1", "7"]);
      return () => rmSync(path);
    },
  }),
};

/** Of the file `f`, and into its place. */
const CHANGES: Record<string, Change> = {
  write: { kind: "write", path: "f", content: "new" },
  replace: { kind: "replace", path: "f", old_text: "a", new_text: "b", replace_all: false },
  delete: { kind: "delete", path: "f" },
  move: { kind: "move", path: "f", to: "g" },
  "move into its place": { kind: "move", path: "other", to: "f" },
};

test.each(Object.keys(KINDS))("%s is refused at once", (kind) =>
  withWorkspace(async (workspace) => {
    const { root } = workspace;
    writeFileSync(join(root.path, "other"), "other");
    const remove = await KINDS[kind]!(join(root.path, "f"));
    const before = lstatSync(join(root.path, "f")).ino;
    for (const [name, change] of Object.entries(CHANGES))
      expect(await refusalOf(() => edit(workspace, change)), name).not.toBeNull();
    expect(await refusalOf(() => readWindow(root, "f", WINDOW))).not.toBeNull();
    expect(lstatSync(join(root.path, "f")).ino).toBe(before);
    expect(readdirSync(root.path).toSorted()).toEqual(["d", "f", "other"]);
    await remove();
  }),
);

test.each(Object.keys(KINDS))("%s that takes a file's place after the plan is refused", (kind) =>
  withWorkspace(async (workspace) => {
    const { root } = workspace;
    const file = join(root.path, "f");
    for (const [name, change] of Object.entries(CHANGES)) {
      writeFileSync(join(root.path, "other"), "other");
      if (name !== "move into its place") writeFileSync(file, "a");
      const plan = planned(workspace, change);
      rmSync(file, { force: true });
      const remove = await KINDS[kind]!(file);
      expect(await refusalOf(() => applied(workspace, plan)), name).not.toBeNull();
      expect(readdirSync(root.path).toSorted()).toEqual(["d", "f", "other"]);
      await remove();
    }
  }),
);

test.skipIf(lackOfMounting() !== null)(
  titled("what is new belongs to the workspace's owner, not to root", lackOfMounting()),
  () =>
    withWorkspace(async ({ root: { path: folder }, backups }) => {
      const owner = 12_345;
      chownSync(folder, owner, owner);
      const root = rootOf({ folder, backups: "" });
      const plan = planEdit(root, [{ kind: "write", path: "a/b/c", content: "" }], newId("edit"));
      await applyEdit(root, plan, backups);
      const owners = ["a", "a/b", "a/b/c"].map((path) => statSync(join(folder, path)));
      expect(owners.map(({ uid, gid }) => [uid, gid])).toEqual(Array(3).fill([owner, owner]));
    }),
);
