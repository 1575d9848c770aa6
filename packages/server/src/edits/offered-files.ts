import type { Change } from "../files/files.ts";
import { type CodeBlock, codeBlocks, LONGEST_LINE } from "./code-blocks.ts";
import { namedAbove, namedByComment, namedByInfo, saysWhole } from "./block-name.ts";

/** More are not offered. */
const OFFERED = 20;

type Write = Extract<Change, { kind: "write" }>;
type Patch = Extract<Change, { kind: "patch" }>;

/** What an answer shows, as an edit, and how sure it is that it is meant as one. */
export type OfferedFile =
  | { readonly change: Patch; readonly named: "outright" }
  | {
      readonly change: Write;
      /** On the fence; beside words that it is the whole file; or it may be a part of one that is there. */
      readonly named: "outright" | "as whole" | "perhaps";
    };

/**
 * The files that an answer shows as code blocks, as edits that a person may take: whole files that are
 * named, and unified diffs. Examples, commands and fragments are none. Of a path that is shown twice
 * the last one counts.
 */
export function offeredFiles(answer: string): OfferedFile[] {
  const offers = codeBlocks(answer).flatMap((block) => offerOf(block) ?? []);
  const last = new Map(offers.map(({ change }, i) => [pathOf(change), i]));
  const isLast = ({ change }: OfferedFile, i: number) =>
    change.kind === "patch" || last.get(change.path) === i;
  return offers.filter(isLast).slice(0, OFFERED);
}

const pathOf = (change: Write | Patch): string | null =>
  change.kind === "write" ? change.path : null;

function offerOf(block: CodeBlock): OfferedFile | null {
  const content = textOf(block.lines);
  if (content.trim() === "") return null;
  if (isDiff(block))
    return hasHeaders(block)
      ? { named: "outright", change: { kind: "patch", patch: content } }
      : null;
  if (isFragment(block)) return null;
  const path = namedByInfo(block.info);
  if (path !== null) return { named: "outright", change: { kind: "write", path, content } };
  const change = labelled(block) ?? headed(block, content);
  if (change === null) return null;
  const is_whole = saysWhole(block.above ?? "", change.path);
  return { named: is_whole ? "as whole" : "perhaps", change };
}

const textOf = (lines: readonly string[]): string => lines.map((line) => `${line}\n`).join("");

/** By its first line. In commands that is a remark. */
function labelled(block: CodeBlock): Write | null {
  const [first = "", ...rest] = block.lines;
  const path = isCommands(block) ? null : namedByComment(first);
  const content = textOf(rest);
  return path === null || content.trim() === "" ? null : { kind: "write", path, content };
}

/** By the line above it. */
function headed(block: CodeBlock, content: string): Write | null {
  const path = namedAbove(block.above);
  if (path === null || (isCommands(block) && !isScript(path))) return null;
  return { kind: "write", path, content };
}

const languageOf = ({ info }: CodeBlock): string =>
  /^[\w+#-]*/.exec(info.replace(/^\{?\.?/, ""))?.[0].toLowerCase() ?? "";

const isDiff = (block: CodeBlock): boolean =>
  ["diff", "patch", "udiff"].includes(languageOf(block)) ||
  (block.lines[0] ?? "").startsWith("diff --git ");

const hasHeaders = ({ lines }: CodeBlock): boolean =>
  lines.some((line, i) => line.startsWith("--- ") && lines[i + 1]?.startsWith("+++ ")) ||
  lines.some((line) => line.startsWith("rename from "));

const COMMANDS = /^(sh|bash|zsh|fish|shell|shellsession|console|terminal|cmd|bat|powershell|ps1)$/;
const SHOWN = /^(output|log|text-output|stdout|stderr|trace|traceback)$/;

/** What is typed or printed, by its language or its prompts. */
const isCommands = (block: CodeBlock): boolean =>
  COMMANDS.test(languageOf(block)) ||
  SHOWN.test(languageOf(block)) ||
  /^(\$|>|%|PS .*>) /.test(block.lines[0] ?? "");

const isScript = (path: string): boolean => /\.(sh|bash|zsh|fish|ps1|bat|cmd)$/.test(path);

/** "// ...", "# … rest of the file", "/* existing code *\/": what stands for lines that are not shown. */
const ELISION =
  /^(\/\/|#|--|;|%|\/\*|<!--|\{\/\*)?\s*(\.{3}|…|\[\.{3}\]|\(?(the )?(rest of|existing|other|remaining|unchanged|same as before)\b)/i;

const isFragment = ({ lines }: CodeBlock): boolean => lines.some((line) => isElision(line));

function isElision(line: string): boolean {
  if (line.length > LONGEST_LINE) return false;
  const text = line.trim();
  const [, comment, what = ""] = ELISION.exec(text) ?? [];
  if (what === "") return false;
  if (comment !== undefined) return true;
  // Bare words may be text of the file; a line of dots alone is none.
  return /^(\.{3}|…|\[\.{3}\])$/.test(text);
}
