import { escapePath } from "./escape.ts";

/**
 * One word of a shell, to be typed again: the same word in any locale. It stays on one line, and what
 * is invisible in it is named by its bytes in UTF-8.
 */
export function shellQuoted(text: string): string {
  if (/^[\w./:@%+=,-]+$/.test(text)) return text;
  if (escapePath(text) === text) return `'${text.replaceAll("'", `'\\''`)}'`;
  return `$'${Array.from(text, named).join("")}'`;
}

const letters: Record<string, string> = { "\n": "\\n", "\t": "\\t", "\\": "\\\\" };

/** Quotes and the mark of the shell's history, too: not every shell reads them alike in here. */
function named(character: string): string {
  const is_plain = character !== "'" && character !== "!" && escapePath(character) === character;
  return letters[character] ?? (is_plain ? character : bytesOf(character));
}

const bytesOf = (character: string): string =>
  Buffer.from(character).toString("hex").replace(/../g, "\\x$&");
