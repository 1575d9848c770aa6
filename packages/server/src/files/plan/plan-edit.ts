import type { Change, EditPlan } from "../edit.ts";
import { FileRefused } from "../refused.ts";
import type { Root } from "../walk.ts";
import { type Draft, openDraft } from "./draft.ts";
import { planOf } from "./plan-of.ts";
import { replaceLines, replaceText, writeText } from "./text-changes.ts";

/**
 * Decides an edit: its changes are made one after another in memory, each on what those before it
 * left. Nothing is written.
 * @throws FileRefused when a change cannot be made, with what would help.
 */
export function planEdit(root: Root, changes: readonly Change[], edit_id: string): EditPlan {
  const draft = openDraft(root);
  for (const change of changes) make(draft, change);
  return planOf(draft, edit_id);
}

function make(draft: Draft, change: Change): void {
  switch (change.kind) {
    case "write":
      return writeText(draft, change);
    case "replace":
      return replaceText(draft, change);
    case "lines":
      return replaceLines(draft, change);
    case "move":
      return moveFile(draft, change.path, change.to);
    case "delete":
      return deleteFile(draft, change.path);
    case "patch":
      throw new FileRefused("malformed", "patches cannot be read yet");
  }
}

/** @throws FileRefused where there is nothing to move, or something in the way. */
export function moveFile(draft: Draft, from: string, to: string): void {
  const source = draft.at(from, "take");
  if (source.now === null) throw absent(from);
  const target = draft.at(to, "write");
  if (target.now !== null && target.path !== source.path) {
    throw new FileRefused(
      "conflict",
      `${JSON.stringify(to)} exists already; delete it first, or choose another name`,
    );
  }
  if (target.path !== source.path) draft.move(source.path, target.path);
}

/** @throws FileRefused where there is nothing to delete. */
export function deleteFile(draft: Draft, path: string): void {
  const file = draft.at(path, "take");
  if (file.now === null) throw absent(path);
  draft.remove(file.path);
}

const absent = (path: string) =>
  new FileRefused("absent", `${JSON.stringify(path)} does not exist`);
