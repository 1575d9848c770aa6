import { isBlank } from "./blank.ts";

/** Past it a key is none that we know. */
const KEY_CHARS = 64;

export interface Braces {
  /**
   * Takes one UTF-16 unit. `none`: what it was given so far is no object, and this unit no part of it;
   * `end`: it was the object's last.
   */
  take(char: string): "more" | "none" | "end";
}

type Phase = "start" | "first_key" | "after_first_key" | "inside" | "encoded";

/**
 * Finds the end of an object, or of a list of objects, while it arrives: also of one with single quotes, bare
 * keys, comments or line breaks, or that is the text of a JSON string. Every unit is looked at once. `onKey` is
 * told the keys of the outermost object.
 */
export function createBraces(onKey: (key: string) => void): Braces {
  let phase: Phase = "start";
  let depth = 0;
  let object_depth = 0;
  /** By what the string that is open was opened; null outside of strings. */
  let quote: string | null = null;
  let backslashes = 0;
  /** The last unit outside of strings that shows. */
  let previous = "";
  let word = "";
  let is_quoted = false;

  function take(char: string): "more" | "none" | "end" {
    if (phase === "encoded") return encoded(char);
    if (quote !== null) return within(char);
    if (isBlank(char)) return "more";
    const took = phase === "start" ? start(char) : outside(char);
    previous = char;
    return took;
  }

  /** Up to the first brace: `[`, or the quote of a string that holds an object. */
  function start(char: string): "more" | "none" {
    if (char === "{") {
      depth += 1;
      object_depth = depth;
      phase = "first_key";
      return "more";
    }
    if (char === "[") {
      depth += 1;
      return "more";
    }
    is_quoted = previous === "" && (char === '"' || char === "'");
    return is_quoted ? "more" : "none";
  }

  /** The whole string is the object: it ends where the string does. */
  function encoded(char: string): "more" | "end" {
    const ends = char === '"' && backslashes % 2 === 0;
    backslashes = char === "\\" ? backslashes + 1 : 0;
    return ends ? "end" : "more";
  }

  function within(char: string): "more" {
    const escaped = quote === "\\" ? backslashes !== 1 : backslashes % 2 === 1;
    const closing = quote === "\\" ? '"' : quote;
    if (char === closing && !escaped) {
      quote = null;
      previous = char;
    } else if (word.length < KEY_CHARS && char !== "\\") word += char;
    backslashes = char === "\\" ? backslashes + 1 : 0;
    return "more";
  }

  function outside(char: string): "more" | "none" | "end" {
    if (phase === "first_key" && !beginsKey(char)) return "none";
    if (phase === "after_first_key" && char !== ":") return "none";
    if (char === '"' && previous === "\\") return opened("\\");
    const closing = char === "“" ? "”" : char;
    if ((closing !== char || char === '"' || char === "'") && "{[,:".includes(previous))
      return opened(closing);
    if (char === "{" || char === "[") depth += 1;
    if (char === "}" || char === "]") {
      depth -= 1;
      if (depth === 0) return "end";
    }
    if (char === ":" && depth === object_depth) named();
    else if (/[\w$-]/.test(char)) word = /[\w$-]/.test(previous) ? word + char : char;
    return "more";
  }

  function named(): void {
    onKey(word);
    phase = "inside";
  }

  function opened(by: string): "more" {
    quote = by;
    word = "";
    backslashes = 0;
    if (phase === "first_key") phase = "after_first_key";
    return "more";
  }

  function beginsKey(char: string): boolean {
    if (char === "\\" && previous === "{") {
      if (is_quoted) phase = "encoded";
      backslashes = 1;
      return true;
    }
    if (char === '"' && previous === "\\") return true;
    if (previous === "{") return /["'“\p{L}_$-]/u.test(char);
    return /[\w:-]/.test(char);
  }

  return { take };
}
