import { FILE_HEADERS_ONLY, createTwoFilesPatch } from "diff";
import { bounds } from "./bounds.ts";

export interface LineDiff {
  /** Unified, three lines of context, cut at the room's bounds and saying so. */
  readonly diff: string;
  readonly added: number;
  readonly removed: number;
}

/** `before` is null for a new file. Null when the two differ too much for a diff to be of use. */
export function unifiedDiff(path: string, before: string | null, after: string): LineDiff | null {
  if ((before?.length ?? 0) + after.length > bounds.diff_text_chars) return null;
  const limit = before === null ? {} : { maxEditLength: bounds.diff_edits };
  const patch = createTwoFilesPatch(
    before === null ? "/dev/null" : path,
    path,
    before ?? "",
    after,
    undefined,
    undefined,
    { context: 3, headerOptions: FILE_HEADERS_ONLY, ...limit },
  );
  if (patch === undefined) return null;
  const lines = patch.trimEnd().split("\n");
  const body = lines.slice(2);
  return {
    diff: shown(lines),
    added: body.filter((line) => line.startsWith("+")).length,
    removed: body.filter((line) => line.startsWith("-")).length,
  };
}

function shown(lines: readonly string[]): string {
  const kept: string[] = [];
  let chars = 0;
  for (const line of lines.slice(0, bounds.diff_lines)) {
    chars += line.length + 1;
    if (chars > bounds.diff_chars) break;
    kept.push(line);
  }
  const left_out = lines.length - kept.length;
  return left_out === 0
    ? kept.join("\n")
    : [...kept, `… ${left_out} more lines of this diff`].join("\n");
}
