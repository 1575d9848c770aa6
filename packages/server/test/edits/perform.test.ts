import { expect, test } from "vitest";
import { findOut } from "../../src/edits/perform.ts";
import { paperFiles } from "./paper-files.ts";

const ROOT = { path: "/srv/project", ino: "1", owner_uid: 0 };
const RECORD = { edit_id: "edit_1", steps: [], folders: [] };

test.each([
  [[], [], "nothing was changed"],
  [["b"], [], "taken back: b"],
  [[], ["a"], "changed by somebody since, and left so: a"],
  [["b", "c"], ["a"], "taken back: b, c; changed by somebody since, and left so: a"],
])("taken back %j, left %j: it says so", async (taken_back, left, words) => {
  const settle = () => Promise.resolve({ state: "untouched" as const, taken_back, left });
  const found = await findOut({ ...paperFiles(), settle }, ROOT, RECORD, "it was interrupted");
  expect(found).toMatchObject({ state: "untouched", fault: `it was interrupted; ${words}` });
});
