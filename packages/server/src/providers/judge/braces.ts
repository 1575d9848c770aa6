import { isBlank } from "./blank.ts";

/** Past it a key is none that we know. */
const KEY_CHARS = 64;

/** How far an object, or a list of objects, has been read; `takeBrace` changes it. */
export interface Braces {
  phase: "start" | "first_key" | "after_first_key" | "inside" | "encoded";
  /** It stands in quotes, and may be the text of a JSON string. */
  is_quoted: boolean;
  depth: number;
  object_depth: number;
  /** What ends the string or comment that is open; null outside of them. `\\"` ends a string that is escaped. */
  within: '"' | "'" | "”" | '\\"' | "line" | "block" | null;
  backslashes: number;
  /** The last unit outside of strings that shows. */
  previous: string;
  word: string;
}

export type Took =
  | "more"
  /** What came so far is no object, and this unit no part of it. */
  | "none"
  /** A key of the outermost object ended; its name is in `word`. */
  | "key"
  /** It is the text of a JSON string: its keys are not read. */
  | "encoded"
  /** That was its last unit. */
  | "end";

export const openBraces = (): Braces => ({
  phase: "start",
  is_quoted: false,
  depth: 0,
  object_depth: 0,
  within: null,
  backslashes: 0,
  previous: "",
  word: "",
});

/**
 * Finds the end of an object while it arrives, unit by unit: also of one with single quotes, bare keys,
 * comments, or line breaks in strings. Each unit is looked at once.
 */
export function takeBrace(braces: Braces, char: string): Took {
  if (braces.phase === "encoded") return inEncoded(braces, char);
  if (braces.within !== null) return inside(braces, char);
  if (isBlank(char)) return "more";
  const took = braces.phase === "start" ? atStart(braces, char) : outside(braces, char);
  braces.previous = char;
  return took;
}

/** Up to the first brace: `[`, or the quote of a string that holds an object. */
function atStart(braces: Braces, char: string): Took {
  if (char === '"' && braces.previous === "") {
    braces.is_quoted = true;
    return "more";
  }
  if (char !== "{" && char !== "[") return "none";
  braces.depth += 1;
  if (char === "{") {
    braces.object_depth = braces.depth;
    braces.phase = "first_key";
  }
  return "more";
}

/** The whole string is the object: it ends where the string does. */
function inEncoded(braces: Braces, char: string): Took {
  const ends = char === '"' && braces.backslashes % 2 === 0;
  braces.backslashes = char === "\\" ? braces.backslashes + 1 : 0;
  return ends ? "end" : "more";
}

function inside(braces: Braces, char: string): Took {
  if (braces.within === "line" || braces.within === "block") return inComment(braces, char);
  if (endsString(braces, char)) {
    braces.within = null;
    braces.previous = char;
  } else if (braces.word.length < KEY_CHARS && char !== "\\") braces.word += char;
  braces.backslashes = char === "\\" ? braces.backslashes + 1 : 0;
  return "more";
}

const endsString = ({ within, backslashes }: Braces, char: string): boolean =>
  within === '\\"' ? char === '"' && backslashes === 1 : char === within && backslashes % 2 === 0;

/** A string may stand behind a comment as behind a comma. */
function inComment(braces: Braces, char: string): Took {
  const ends = braces.within === "line" ? char === "\n" : char === "/" && braces.previous === "*";
  if (ends) braces.within = null;
  braces.previous = !ends ? char : braces.phase === "first_key" ? "{" : ",";
  return "more";
}

function outside(braces: Braces, char: string): Took {
  if (opensComment(braces, char)) return "more";
  if (braces.phase === "first_key" && !mayBeKey(braces, char)) return "none";
  if (braces.phase === "after_first_key" && char !== ":") return "none";
  if (opensString(braces, char)) return "more";
  if (char === "\\" && braces.phase === "first_key" && braces.is_quoted) {
    braces.phase = "encoded";
    braces.backslashes = 1;
    return "encoded";
  }
  if (char === "{" || char === "[") braces.depth += 1;
  if (char === "}" || char === "]") {
    braces.depth -= 1;
    return braces.depth === 0 ? "end" : "more";
  }
  if (char === ":" && braces.depth === braces.object_depth) {
    braces.phase = "inside";
    return "key";
  }
  if (isWord(char)) braces.word = isWord(braces.previous) ? braces.word + char : char;
  return "more";
}

function opensString(braces: Braces, char: string): boolean {
  if (char === '"' && braces.previous === "\\") braces.within = '\\"';
  else if ((char === '"' || char === "'") && isStringNext(braces)) braces.within = char;
  else if (char === "“" && isStringNext(braces)) braces.within = "”";
  else return false;
  braces.word = "";
  braces.backslashes = 0;
  if (braces.phase === "first_key") braces.phase = "after_first_key";
  return true;
}

/** Elsewhere a quote is one that was forgotten to be escaped, or an apostrophe. */
const isStringNext = ({ previous }: Braces): boolean => "{[,:".includes(previous);

function opensComment(braces: Braces, char: string): boolean {
  if (braces.previous !== "/" || (char !== "/" && char !== "*")) return false;
  braces.within = char === "/" ? "line" : "block";
  return true;
}

function mayBeKey({ previous }: Braces, char: string): boolean {
  if (previous === "{") return /["'“\p{L}_$/\\-]/u.test(char);
  return previous === "\\" ? char === '"' : isWord(char) || char === ":";
}

const isWord = (char: string): boolean => /[\w$-]/.test(char);
