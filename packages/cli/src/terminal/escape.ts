/**
 * What the server, a model or a command says is untrusted: written raw it could move the cursor,
 * set the clipboard, or show one command and mean another. Everything that has no shape of its own
 * becomes `\u{1b}`, in ASCII. Each character is judged by itself, so any chunking is safe; without
 * its ESC, CSI or OSC byte a terminal sequence is plain text.
 */

/** Controls with C1, bidi and zero-width marks, lone surrogates, separators, fillers, tags. */
const shapeless = /(?![\n\t])[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/gu;
/** In a command a space that is no space splits no words: `rm -rf` may be one name. */
const deceptive = /(?![\n\t ])[\p{Cc}\p{Cf}\p{Cs}\p{Z}\p{Default_Ignorable_Code_Point}\u{2800}]/gu;
/** Follows very common symbols (⚠️, ✔️) and hides nothing in prose. */
const EMOJI_STYLE = "\u{fe0f}";

/** For prose and output: newlines and tabs stay, CRLF and CR are newlines. */
export function escapeText(text: string): string {
  return text
    .replace(/\r\n?/g, "\n")
    .replace(shapeless, (character) => (character === EMOJI_STYLE ? character : named(character)));
}

/** For what a person is asked to agree to: nothing passes that could mislead. */
export function escapeCommand(command: string): string {
  return command.replace(deceptive, named);
}

/** For names of files and folders, which stay on one line whatever they hold. */
export function escapePath(path: string): string {
  return escapeCommand(path).replace(/[\n\t]/g, named);
}

/** JSON text that is the same value, and safe to look at in a terminal. */
export function safeJson(value: unknown): string {
  return JSON.stringify(value).replace(shapeless, (character) =>
    Array.from({ length: character.length }, (_, unit) => jsonUnit(character, unit)).join(""),
  );
}

function jsonUnit(character: string, unit: number): string {
  return `\\u${character.charCodeAt(unit).toString(16).padStart(4, "0")}`;
}

function named(character: string): string {
  return `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`;
}

/** One line of at most `limit_chars`, for intents, names and the like. */
export function oneLine(text: string, limit_chars = 200): string {
  return clipped(text.replace(/\s+/g, " ").trim(), limit_chars);
}

/** A command on one line: where its lines break is seen, so that no two of them look like one. */
export function commandLine(command: string, limit_chars?: number): string {
  const lines = escapeCommand(command.trim()).replaceAll("⏎", "\\u{23ce}").split("\n");
  return oneLine(lines.join(" ⏎ "), limit_chars);
}

/** A line as it is, its indentation too, of at most `limit_chars`. */
export function clipped(line: string, limit_chars: number): string {
  return line.length <= limit_chars ? line : `${line.slice(0, limit_chars - 1)}…`;
}
