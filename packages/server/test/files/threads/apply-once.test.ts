/** What is said of an edit whose thread was lost, and that was settled as not done. */
import { expect, test } from "vitest";
import type { Settled } from "../../../src/files/edit.ts";
import { applyOnce } from "../../../src/files/threads/apply-once.ts";
import type { Pool } from "../../../src/files/threads/pool.ts";
import { Unanswered } from "../../../src/files/threads/thread.ts";
import { refusal } from "../workspace.ts";

const ROOT = { path: "/srv/project", ino: "1", owner_uid: 0, rights: null };
const PLAN = {
  ...{
    edit_id: "edit_1",
    steps: [],
    folders: [],
    emptied: [],
    contents: [],
    diff: "",
    summary: "",
  },
};

test.each([
  [[], [], "nothing was changed"],
  [["b"], ["a"], "taken back: b; changed by somebody since, and left so: a"],
])("taken back %j, left %j: it says so", async (taken_back, left, words) => {
  const settled: Settled = { state: "untouched", taken_back, left };
  const ask = (_folder: string, name: string) =>
    name === "settle"
      ? Promise.resolve(settled)
      : Promise.reject(new Unanswered("stuck", Promise.resolve()));
  const pool = { ask: ask as Pool["ask"], close: () => Promise.resolve() };
  expect(await refusal(applyOnce(pool, ROOT, PLAN))).toMatchObject({
    fault: "disk_fault",
    message: expect.stringMatching(
      new RegExp(`^the edit was interrupted \\(.+\\); ${words}; try again$`),
    ),
  });
});
