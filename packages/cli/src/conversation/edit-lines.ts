import type { Edit, EditedFile } from "@mainstay/sdk/edits";
import { escapePath, oneLine } from "../terminal/escape.ts";
import { changeLine } from "./change-lines.ts";
import { minute } from "./command-lines.ts";

const ROW_PATHS = 2;
const ROW_INTENT_CHARS = 60;
const FAULT_CHARS = 1000;

/**
 * `edit_1  2026-01-01 00:00 UTC  src/a.ts in /other: fix the parser — stands`: one row of a list, with
 * its folder where that is not the one the person stands in.
 */
export function editRow(edit: Edit, elsewhere?: string): string {
  const place = elsewhere === undefined ? "" : ` in ${escapePath(elsewhere)}`;
  const intent = edit.intent === "" ? "" : `: ${oneLine(edit.intent, ROW_INTENT_CHARS)}`;
  const what = `${someOf(edit.files.map(({ path }) => path))}${place}${intent}`;
  return `${edit.id}  ${minute(edit.created_at)}  ${what} — ${standingOf(edit)}`;
}

/** The first paths, and how many more there are in all. */
export function someOf(paths: readonly string[], limit = ROW_PATHS, count = paths.length): string {
  const named = paths.slice(0, limit).map((path) => oneLine(escapePath(path)));
  const more = count - named.length;
  return `${named.join(", ")}${more === 0 ? "" : ` and ${more} more`}`;
}

/** Whether it is what the files are like, or why it is not. */
export function standingOf({ state, fault, undone_by }: Edit): string {
  const why = fault === null ? "" : `: ${oneLine(fault, FAULT_CHARS)}`;
  switch (state) {
    case "running":
      return "being done";
    case "untouched":
      return `not done${why}`;
    case "torn":
      return `TORN${why}`;
    case "applied":
      return undone_by === null ? `stands${why}` : `taken back by ${undone_by}`;
  }
}

/** All there is to say of one edit but its diff: labels and texts, each on one line. */
export function editFacts(edit: Edit, folder: string): [label: string, text: string][] {
  const { intent, created_at, files } = edit;
  return [
    ...(intent === "" ? [] : [["for", oneLine(intent)] satisfies [string, string]]),
    ["state", standingOf(edit)],
    ["by", `${originOf(edit)}, ${minute(created_at)}`],
    ["in", escapePath(folder)],
    ...fileLines(files).map((line): [string, string] => ["file", line]),
  ];
}

function originOf({ origin, turn_id, undoes }: Edit): string {
  const of_turn = turn_id === null ? "" : ` of ${turn_id}`;
  switch (origin) {
    case "call":
      return `the agent${turn_id === null ? "" : `, in ${turn_id}`}`;
    case "offer":
      return `a person, who took what the answer${of_turn} shows`;
    case "undo":
      return `a person, who took back ${undoes.join(", ")}`;
  }
}

/** A line a file; a file that was moved has one, where it is now. */
export function fileLines(files: readonly EditedFile[]): string[] {
  const left = new Set(files.map(({ moved_from }) => moved_from));
  return files
    .filter(({ path, after }) => after !== null || !left.has(path))
    .map((file) =>
      file.moved_from === undefined
        ? changeLine({ ...file, kind: "file" })
        : `moved     ${escapePath(file.moved_from)} to ${escapePath(file.path)}`,
    );
}
