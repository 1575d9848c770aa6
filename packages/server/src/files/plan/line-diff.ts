import { FILE_HEADERS_ONLY, createTwoFilesPatch } from "diff";
import { bounds } from "../bounds.ts";

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

/** Null when the two differ too much for a diff to be of use. */
export function lineDiff(before: Side, after: Side): LineDiff | null {
  const chars = (before.text?.length ?? 0) + (after.text?.length ?? 0);
  if (chars > bounds.diff_text_chars) return null;
  const compared = before.text !== null && after.text !== null;
  const patch = createTwoFilesPatch(
    nameOf(before),
    nameOf(after),
    before.text ?? "",
    after.text ?? "",
    undefined,
    undefined,
    {
      context: 3,
      headerOptions: FILE_HEADERS_ONLY,
      ...(compared ? { maxEditLength: bounds.diff_edits } : {}),
    },
  );
  if (patch === undefined) return null;
  const lines = patch.replace(/\n$/, "").split("\n");
  return { lines, ...counted(lines) };
}

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
  const kept: string[] = [];
  let chars = 0;
  for (const line of lines.slice(0, most.lines)) {
    chars += line.length + 1;
    if (chars > most.chars) break;
    kept.push(line);
  }
  const left_out = lines.length - kept.length;
  return left_out === 0
    ? kept.join("\n")
    : [...kept, `… ${left_out} more lines of this diff`].join("\n");
}
