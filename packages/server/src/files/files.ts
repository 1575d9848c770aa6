import type { Clock } from "@mainstay/sdk/clock";
import type { NewId } from "../kernel/ids.ts";
import { limits } from "../kernel/limits.ts";
import { atPlace, withRegular } from "./beneath.ts";
import { searchBounds } from "./bounds.ts";
import { sha256OfFile } from "./content.ts";
import { planEdit } from "./edit-plan.ts";
import type { Change, EditPlan } from "./edit-plan.ts";
import { listFolder } from "./list-folder.ts";
import type { Listing, Span } from "./list-folder.ts";
import { sweepTemp } from "./put-file.ts";
import { readWindow } from "./read-window.ts";
import type { TextWindow, Window } from "./read-window.ts";
import { searchReport } from "./search-report.ts";
import { searchText } from "./search-text.ts";
import type { TextQuery } from "./search-text.ts";

export { FileRefused } from "./refused.ts";

/**
 * The files of a workspace. `root` is its absolute path, from the server; `path` comes from a
 * model: relative to the workspace, or absolute below it. Every call throws FileRefused for what
 * cannot be done, with a message to act on.
 */
export interface Files {
  read(root: string, path: string, window: Window): Promise<TextWindow>;
  list(root: string, path: string, span: Span): Promise<Listing>;
  /** What a model reads of a search: `path:line: text` and notes on what was left out. */
  search(root: string, query: TextQuery, signal: AbortSignal): Promise<string>;
  /** Changes nothing until `apply` of the plan is called. */
  planEdit(root: string, path: string, change: Change): Promise<EditPlan>;
  /** SHA-256 of a file in hex, null when there is none. */
  digest(root: string, path: string): Promise<string | null>;
  /** Removes what a crash in the middle of an edit left beside its file. */
  sweep(root: string, path: string, edit_id: string): Promise<void>;
}

/** Kept free of matches for the notes on them. */
const NOTE_CHARS = 500;

export function workspaceFiles({ clock, newId }: { clock: Clock; newId: NewId }): Files {
  return {
    read: readWindow,
    list: listFolder,
    search: async (root, query, signal) =>
      searchReport(
        await searchText(root, query, searchBounds, clock, signal),
        limits.tool_result_chars - NOTE_CHARS,
      ),
    planEdit: (root, path, change) => planEdit(root, path, change, newId("edit")),
    digest: digestOf,
    sweep: sweepTemp,
  };
}

const digestOf = (root: string, path: string): Promise<string | null> =>
  atPlace(root, path, "read", async ({ folder, missing, name }) =>
    missing.length > 0 ? null : withRegular(folder, name, sha256OfFile),
  );
