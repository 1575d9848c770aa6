import type { Change } from "../files/files.ts";
import { type CodeBlock, codeBlocks, LONGEST_LINE } from "./code-blocks.ts";
import { namedAbove, namedByComment, namedByInfo } from "./block-name.ts";

/** More are not offered. */
const OFFERED = 20;

/**
 * The files that an answer shows as code blocks, as edits that a person may take: whole files that are
 * named, and unified diffs. Examples, commands and fragments are none. Of a path that is shown twice
 * the last one counts.
 */
export function offeredFiles(answer: string): Change[] {
  const changes = codeBlocks(answer).flatMap((block) => offerOf(block) ?? []);
  const isLast = (change: Change, i: number) =>
    change.kind !== "write" ||
    !changes.some((later, at) => at > i && later.kind === "write" && later.path === change.path);
  return changes.filter(isLast).slice(0, OFFERED);
}

function offerOf(block: CodeBlock): Change | null {
  const text = block.lines.map((line) => `${line}\n`).join("");
  if (text.trim() === "") return null;
  if (isDiff(block)) return hasHeaders(block) ? { kind: "patch", patch: text } : null;
  if (isFragment(block)) return null;
  const named = namedByInfo(block.info);
  if (named !== null) return { kind: "write", path: named, content: text };
  const [first = "", ...rest] = block.lines;
  const labelled = namedByComment(first);
  if (labelled !== null) {
    const content = rest.map((line) => `${line}\n`).join("");
    return content.trim() === "" ? null : { kind: "write", path: labelled, content };
  }
  const path = namedAbove(block.above);
  if (path === null || (isCommands(block) && !isScript(path))) return null;
  return { kind: "write", path, content: text };
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
  /^\s*(\/\/|#|--|;|%|\/\*|<!--|\{\/\*)?\s*(\.{3}|…|\[\.{3}\]|\(?(the )?(rest of|existing|other|remaining|unchanged|same as before)\b)/i;

const isFragment = ({ lines }: CodeBlock): boolean => lines.some((line) => isElision(line));

function isElision(line: string): boolean {
  if (line.length > LONGEST_LINE) return false;
  const [, comment, what = ""] = ELISION.exec(line) ?? [];
  if (what === "") return false;
  if (comment !== undefined) return true;
  // Bare words may be text of the file; a line of dots alone is none.
  return /^(\.{3}|…|\[\.{3}\])$/.test(line.trim());
}
