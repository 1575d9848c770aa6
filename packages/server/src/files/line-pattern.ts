/**
 * What a search looks for in a line, always in linear time: a regular expression of a model could
 * run for hours. Understood are literals, `\` before a sign, `a|b` and `.*`; anything else that
 * means something in a regular expression makes the whole pattern a literal.
 */
export interface LinePattern {
  /** "literal" when it says more than is understood here. */
  readonly read_as: "pattern" | "literal";
  /** Where the first match starts in a line, or null. */
  find(line: string): number | null;
  /** False when no line of this text can match. */
  mayOccur(text: string): boolean;
}

/** Upper and lower case are the same unless the pattern has an upper-case letter. */
export function linePattern(source: string): LinePattern {
  const ignore_case = !/\p{Lu}/u.test(source);
  const fold = (text: string) => (ignore_case ? text.toLowerCase() : text);
  const parsed = alternativesOf(source);
  const alternatives = (parsed ?? [[source]]).map((parts) => parts.map(fold));
  return {
    read_as: parsed === null ? "literal" : "pattern",
    find(line) {
      const starts = alternatives.map((parts) => startOf(fold(line), parts));
      const found = starts.filter((start) => start !== -1);
      return found.length === 0 ? null : Math.min(...found);
    },
    mayOccur(text) {
      const folded = fold(text);
      return alternatives.some(([first = ""]) => folded.includes(first));
    },
  };
}

/** Where the parts occur one after another; -1 when they do not. */
function startOf(line: string, parts: readonly string[]): number {
  let start = -1;
  let from = 0;
  for (const part of parts) {
    const at = line.indexOf(part, from);
    if (at === -1) return -1;
    if (start === -1) start = at;
    from = at + part.length;
  }
  return start;
}

const TOKEN = /\\[^\p{L}\p{N}]|\.\*|\||[^\\|^$()[\]{}?*+]/gsu;

/** Alternatives, each a row of literals with any text between; null when it is no such pattern. */
function alternativesOf(source: string): string[][] | null {
  const tokens = source.match(TOKEN) ?? [];
  if (tokens.join("") !== source) return null;
  const alternatives: string[][] = [[""]];
  for (const token of tokens) {
    const parts = alternatives.at(-1) ?? [];
    if (token === "|") alternatives.push([""]);
    else if (token === ".*") parts.push("");
    else
      parts.push(
        (parts.pop() ?? "") + (token.length > 1 && token[0] === "\\" ? token.slice(1) : token),
      );
  }
  const found = alternatives.map((parts) => parts.filter((part) => part !== ""));
  return found.some((parts) => parts.length === 0) ? null : found;
}
