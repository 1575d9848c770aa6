import type { TextSearch } from "./search-text.ts";

/** What a model reads of a search: `path:line: text`, then what it should know of its bounds. */
export function searchReport(search: TextSearch, limit_chars: number): string {
  const lines: string[] = [];
  let chars = 0;
  for (const { path, line, text } of search.matches) {
    const shown = `${path}:${line}: ${text}`;
    chars += shown.length + 1;
    if (chars > limit_chars) break;
    lines.push(shown);
  }
  if (lines.length === 0) lines.push("No matches.");
  return [...lines, ...notes(search, search.matches.length - lines.length)].join("\n");
}

function notes(search: TextSearch, left_out: number): string[] {
  const { read_as, stopped_by, searched_files, skipped } = search;
  const told: string[] = [];
  if (left_out > 0) told.push(`[… ${left_out} more matches]`);
  if (read_as === "literal") {
    told.push(
      "[looked for as literal text; of regular expressions only a|b and .* are understood]",
    );
  }
  if (stopped_by !== null) {
    told.push(
      `[stopped at its bound on ${stopped_by} after ${searched_files} files: narrow it down]`,
    );
  }
  if (skipped > 0) told.push(`[${skipped} binary, very large or unreadable files were skipped]`);
  return told;
}
