import type { Clock } from "@mainstay/sdk/clock";
import type { NewId } from "../kernel/ids.ts";
import { limits } from "../kernel/limits.ts";
import type { WorkspaceRoot } from "../kernel/workspace.ts";
import { atPlace, withRegular } from "./beneath.ts";
import type { Root } from "./beneath.ts";
import { searchBounds } from "./bounds.ts";
import { sha256OfFile } from "./content.ts";
import { planEdit } from "./edit-plan.ts";
import type { Change as OneChange, EditPlan } from "./edit-plan.ts";
import { listFolder } from "./list-folder.ts";
import type { Listing, Span } from "./list-folder.ts";
import { sweepTemp } from "./put-file.ts";
import { type Program, programAt } from "./program.ts";
import { rightsIn } from "./rights.ts";
import { readWindow } from "./read-window.ts";
import type { TextWindow, Window } from "./read-window.ts";
import { searchReport } from "./search-report.ts";
import { searchText } from "./search-text.ts";
import type { TextQuery } from "./search-text.ts";

export { type ChangeRecorder, createChangeRecorder } from "./changes/recorder.ts";
export type { Change } from "./edit.ts";
export { FileRefused } from "./refused.ts";

/**
 * The files of a workspace. `root` is as it was registered, from the server; `path` comes from a
 * model: relative to the workspace, or absolute below it. Every call throws FileRefused for what
 * cannot be done, with a message to act on.
 */
export interface Files {
  read(root: WorkspaceRoot, path: string, window: Window): Promise<TextWindow>;
  list(root: WorkspaceRoot, path: string, span: Span): Promise<Listing>;
  /** What a model reads of a search: `path:line: text` and notes on what was left out. */
  search(root: WorkspaceRoot, query: TextQuery, signal: AbortSignal): Promise<string>;
  /** Changes nothing until `apply` of the plan is called. */
  planEdit(root: WorkspaceRoot, path: string, change: OneChange): Promise<EditPlan>;
  /** SHA-256 of a file in hex, null when there is none. */
  digest(root: WorkspaceRoot, path: string): Promise<string | null>;
  /** A program that a command would run, for who must agree to its bytes. Never refuses. */
  program(root: WorkspaceRoot, path: string, head_chars: number): Promise<Program>;
  /** Removes what a crash in the middle of an edit left beside its file. */
  sweep(root: WorkspaceRoot, path: string, edit_id: string): Promise<void>;
}

/** Kept free of matches for the notes on them. */
const NOTE_CHARS = 500;

export interface FilesParts {
  readonly clock: Clock;
  readonly newId: NewId;
  /** The server's own user. */
  readonly uid: number;
}

export function workspaceFiles({ clock, newId, uid }: FilesParts): Files {
  const bounded = (root: WorkspaceRoot): Root => ({ ...root, rights: rightsIn(root, uid) });
  return {
    read: (root, path, window) => readWindow(bounded(root), path, window),
    list: (root, path, span) => listFolder(bounded(root), path, span),
    search: async (root, query, signal) =>
      searchReport(
        await searchText(bounded(root), query, searchBounds, clock, signal),
        limits.tool_result_chars - NOTE_CHARS,
      ),
    planEdit: (root, path, change) => planEdit(bounded(root), path, change, newId("edit")),
    digest: (root, path) => digestOf(bounded(root), path),
    program: (root, path, head_chars) => programAt(bounded(root), path, head_chars),
    sweep: (root, path, edit_id) => sweepTemp(bounded(root), path, edit_id),
  };
}

const digestOf = (root: Root, path: string): Promise<string | null> =>
  atPlace(root, path, "read", async ({ folder, missing, name }) =>
    missing.length > 0 ? null : withRegular(folder, name, sha256OfFile),
  );
