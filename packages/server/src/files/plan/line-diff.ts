import { FILE_HEADERS_ONLY, formatPatch, structuredPatch } from "diff";
import { bounds } from "../bounds.ts";
import { differing } from "./differing.ts";

export interface LineDiff {
  /** Unified, its two header lines first, three lines of context. */
  readonly lines: readonly string[];
  readonly added: number;
  readonly removed: number;
}

/** One side of a file; a null text: it is not there. */
export interface Side {
  readonly path: string;
  readonly text: string | null;
}

const CONTEXT_LINES = 3;

/** Null when the two differ too much for a diff to be of use. */
export function lineDiff(before: Side, after: Side): LineDiff | null {
  const chars = (before.text?.length ?? 0) + (after.text?.length ?? 0);
  if (chars > bounds.diff_text_chars) return null;
  const compared = before.text !== null && after.text !== null;
  const texts = differing(before.text ?? "", after.text ?? "", CONTEXT_LINES);
  const patch = structuredPatch(
    nameOf(before),
    nameOf(after),
    texts.before,
    texts.after,
    undefined,
    undefined,
    {
      context: CONTEXT_LINES,
      ...(compared ? { maxEditLength: bounds.diff_edits } : {}),
    },
  );
  if (patch === undefined) return null;
  for (const hunk of patch.hunks) {
    hunk.oldStart += texts.lines_above;
    hunk.newStart += texts.lines_above;
  }
  const lines = formatPatch(patch, FILE_HEADERS_ONLY).replace(/\n$/, "").split("\n");
  return { lines, ...counted(lines) };
}

/** Every line that there is room for, whatever changed. */
export const wholeDiff = (before: Side, after: Side): LineDiff =>
  lineDiff(before, after) ?? replacement(before, after);

/** The one side removed, the other added. */
function replacement(before: Side, after: Side): LineDiff {
  const [removed, added] = [linesOf(before, "-"), linesOf(after, "+")];
  return {
    lines: [
      ...[`--- ${nameOf(before)}`, `+++ ${nameOf(after)}`],
      `@@ -${rangeOf(removed)} +${rangeOf(added)} @@`,
      ...[...removed.lines, ...added.lines],
    ],
    ...{ added: added.count, removed: removed.count },
  };
}

function linesOf({ text }: Side, sign: string) {
  if (text === null || text === "") return { lines: [], count: 0 };
  const ends = text.endsWith("\n");
  const lines = (ends ? text.slice(0, -1) : text).split("\n").map((line) => `${sign}${line}`);
  const { length: count } = lines;
  return { lines: ends ? lines : [...lines, "\\ No newline at end of file"], count };
}

const rangeOf = ({ count }: { count: number }): string => (count === 0 ? "0,0" : `1,${count}`);

/** Of whole unified diffs of one file; the two header lines do not count. */
function counted(lines: readonly string[]): { added: number; removed: number } {
  const body = lines.slice(2);
  return {
    added: body.filter((line) => line.startsWith("+")).length,
    removed: body.filter((line) => line.startsWith("-")).length,
  };
}

const nameOf = ({ path, text }: Side): string => (text === null ? "/dev/null" : path);

/** How much of a diff is shown; the rest is counted. */
export interface Shown {
  readonly lines: number;
  readonly chars: number;
}

export function shown(lines: readonly string[], most: Shown): string {
  const { kept, hidden_lines } = cut(lines, most);
  return hidden_lines === 0
    ? kept.join("\n")
    : [...kept, `… ${hidden_lines} more lines of this diff`].join("\n");
}

/** As many whole lines as fit, and how many do not. */
export function cut(lines: readonly string[], most: Shown) {
  const kept: string[] = [];
  let chars = 0;
  for (const line of lines.slice(0, most.lines)) {
    chars += line.length + 1;
    if (chars > most.chars) break;
    kept.push(line);
  }
  return { kept, hidden_lines: lines.length - kept.length };
}
