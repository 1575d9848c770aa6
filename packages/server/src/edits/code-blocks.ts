/** A fenced code block of a Markdown text. */
export interface CodeBlock {
  /** What follows the opening fence. */
  readonly info: string;
  /** The line above it that says something; null where another block, or nothing, is. */
  readonly above: string | null;
  readonly lines: readonly string[];
}

interface Fence {
  readonly indent: number;
  readonly mark: string;
  readonly info: string;
}

/** A longer line opens no block and names none: patterns would take long on it. */
export const LONGEST_LINE = 400;

/** What is further down in an answer is not looked at. */
const LONGEST_TEXT_CHARS = 1_000_000;
/** Nor are more blocks. */
const BLOCKS = 500;

const OPENING = /^(\s{0,12})(`{3,}|~{3,})(.*)$/;

/** Blocks that were closed, in order: one that was cut off is not whole. */
export function codeBlocks(text: string): CodeBlock[] {
  const blocks: CodeBlock[] = [];
  let above: string | null = null;
  let fence: Fence | null = null;
  let body: string[] = [];
  for (const line of text.slice(0, LONGEST_TEXT_CHARS).split(/\r?\n/)) {
    if (fence === null) {
      fence = openingOf(line);
      if (fence === null && line.trim() !== "") above = line.trim();
    } else if (closes(line, fence)) {
      blocks.push({ info: fence.info, above, lines: body });
      if (blocks.length === BLOCKS) break;
      [fence, above, body] = [null, null, []];
    } else body.push(outdented(line, fence.indent));
  }
  return blocks;
}

/** A fence of backticks has none after it, or it is code on one line. */
function openingOf(line: string): Fence | null {
  if (line.length > LONGEST_LINE) return null;
  const [, indent = "", mark = "", info = ""] = OPENING.exec(line) ?? [];
  if (mark === "" || (mark.startsWith("`") && info.includes("`"))) return null;
  return { indent: indent.length, mark, info: info.trim() };
}

function closes(line: string, { mark }: Fence): boolean {
  const found = line.trim();
  return found.length >= mark.length && found === mark[0]?.repeat(found.length);
}

/** A block in a list is as far to the right as its item. */
function outdented(line: string, indent: number): string {
  const has = line.length - line.trimStart().length;
  return line.slice(Math.min(has, indent));
}
