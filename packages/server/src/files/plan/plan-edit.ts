import type { Change, EditPlan, EditPreview } from "../edit.ts";
import type { Root } from "../walk.ts";
import { type Draft, openDraft } from "./draft.ts";
import { deleteFile, moveFile } from "./file-changes.ts";
import { applyPatch } from "./patch.ts";
import { planOf, previewOf } from "./plan-of.ts";
import { replaceLines, replaceText, writeText } from "./text-changes.ts";

/**
 * Decides an edit: its changes are made one after another in memory, each on what those before it
 * left. Nothing is written.
 * @throws FileRefused when a change cannot be made, with what would help.
 */
export const planEdit = (root: Root, changes: readonly Change[], edit_id: string): EditPlan =>
  planOf(drafted(root, changes), edit_id);

/** What such an edit would be, for who is asked about it. @throws FileRefused */
export const previewEdit = (root: Root, changes: readonly Change[]): EditPreview =>
  previewOf(drafted(root, changes));

function drafted(root: Root, changes: readonly Change[]): Draft {
  const draft = openDraft(root);
  for (const change of changes) make(draft, change);
  return draft;
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
      return applyPatch(draft, change.patch);
  }
}
