import { FileRefused } from "../refused.ts";
import { withLf } from "../replacement.ts";

/** The first line of a hunk whose header names no line: no real one has old lines from line 0 on. */
export const NO_LINE = 0;

interface Counts {
  readonly old_lines: number;
  readonly new_lines: number;
}

const HUNK = /^@@(?: -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@)?/;

/**
 * A unified diff as a parser wants it. A model counts lines badly: hunk headers get the counts of
 * their lines, unless those that they have fit; an empty line in a hunk is one of context.
 * @throws FileRefused for changed lines that belong to no hunk.
 */
export function recount(patch: string): string {
  const lines = withLf(patch).split("\n");
  const out: string[] = [];
  let has_begun = false;
  for (let at = 0; at < lines.length;) {
    const line = lines[at] ?? "";
    const header = HUNK.exec(line);
    if (header === null) {
      if (has_begun) refuseStray(line, at);
      has_begun ||= isFileHeader(line);
      out.push(line);
      at++;
      continue;
    }
    const end = endOfHunk(lines, at + 1, header);
    const body = lines.slice(at + 1, end).map((text) => (text === "" ? " " : text));
    out.push(headerOf(header, countsOf(body)), ...body);
    at = end;
  }
  return out.join("\n");
}

/** Empty lines at its end may as well be between two files; as context they are not missed. */
function endOfHunk(lines: readonly string[], start: number, header: RegExpExecArray): number {
  let end = statedEnd(lines, start, header) ?? seenEnd(lines, start);
  while (end > start && lines[end - 1] === "") end--;
  return end;
}

/** By the counts of the header, which are believed where such a hunk ends as hunks do. */
function statedEnd(
  lines: readonly string[],
  start: number,
  header: RegExpExecArray,
): number | null {
  const [, old_start, old_lines = "1", , new_lines = "1"] = header;
  if (old_start === undefined) return null;
  const end = counted(lines, start, { old_lines: +old_lines, new_lines: +new_lines });
  return end !== null && isEnd(lines, end) ? end : null;
}

function seenEnd(lines: readonly string[], start: number): number {
  let end = start;
  while (end < lines.length && isBody(lines[end] ?? "") && !startsAnother(lines, end)) end++;
  return end;
}

/** Where a hunk of these counts ends; null when its lines do not come to them. */
function counted(lines: readonly string[], start: number, counts: Counts): number | null {
  let { old_lines, new_lines } = counts;
  let at = start;
  for (; at < lines.length && (old_lines > 0 || new_lines > 0); at++) {
    const line = lines[at] ?? "";
    if (!isBody(line)) return null;
    const kind = line[0] ?? " ";
    if (kind === " " || kind === "-") old_lines--;
    if (kind === " " || kind === "+") new_lines--;
  }
  while (lines[at]?.startsWith("\\")) at++;
  return old_lines === 0 && new_lines === 0 ? at : null;
}

const isBody = (line: string): boolean => line === "" || /^[-+ \\]/.test(line);

const isEnd = (lines: readonly string[], at: number): boolean =>
  at >= lines.length || !/^[-+ ]/.test(lines[at] ?? "") || startsAnother(lines, at);

/** The last line of a mail, before the version of git. */
const SIGNATURE = /^-- ?$/;

const startsAnother = (lines: readonly string[], at: number): boolean =>
  isPair(lines, at) || SIGNATURE.test(lines[at] ?? "") || HUNK.test(lines[at] ?? "");

/** "---" and "+++", which are changed lines as well where no hunk follows. */
function isPair(lines: readonly string[], at: number): boolean {
  const [old_name = "", new_name = "", next = "@@"] = lines.slice(at, at + 3);
  if (!old_name.startsWith("--- ") || !new_name.startsWith("+++ ")) return false;
  return next.startsWith("@@") || next === "";
}

const isFileHeader = (line: string): boolean => /^(---|\+\+\+|diff --git) /.test(line);

/** What a parser would skip: then less would be changed than the patch says. */
function refuseStray(line: string, at: number): void {
  if (isFileHeader(line) || SIGNATURE.test(line) || !/^[-+ ]\s*\S/.test(line)) return;
  throw new FileRefused(
    "malformed",
    `line ${at + 1} of the patch is in no hunk: ${JSON.stringify(line.slice(0, 200))}; a hunk starts ` +
      "with @@, and each of its lines with a space, + or -",
  );
}

function countsOf(body: readonly string[]): Counts {
  const count = (kinds: string) => body.filter((line) => kinds.includes(line[0] ?? " ")).length;
  return { old_lines: count(" -"), new_lines: count(" +") };
}

function headerOf(header: RegExpExecArray, { old_lines, new_lines }: Counts): string {
  const [, old_start = NO_LINE, , new_start = NO_LINE] = header;
  return `@@ -${old_start},${old_lines} +${new_start},${new_lines} @@`;
}
