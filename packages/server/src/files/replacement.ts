import { bounds } from "./bounds.ts";
import { occurrences } from "./occurrences.ts";

/**
 * `old_text` for `new_text` in a text, compared with CRLF read as LF: a model writes LF whatever
 * the file has. Nothing outside the matches changes; what is put in gets the file's line ending.
 */
export type Replacement =
  | { readonly kind: "replaced"; readonly text: string; readonly count: number }
  | { readonly kind: "no_match" }
  /** The lines (from 1) where it occurs, when one place was meant. */
  | { readonly kind: "ambiguous"; readonly lines: readonly number[] }
  /** More than `bounds.replacements`. */
  | { readonly kind: "too_many" };

export function replaceIn(
  text: string,
  old_text: string,
  new_text: string,
  replace_all: boolean,
): Replacement {
  const plain = withLf(text);
  const sought = withLf(old_text);
  const starts = occurrences(plain, sought, bounds.replacements + 1, !replace_all);
  if (starts.length === 0) return { kind: "no_match" };
  if (starts.length > bounds.replacements) return { kind: "too_many" };
  if (starts.length > 1 && !replace_all)
    return { kind: "ambiguous", lines: linesAt(plain, starts) };
  const spans = starts.map((start) => ({ start, end: start + sought.length }));
  const put_in = withEnding(new_text, lineEnding(text));
  return { kind: "replaced", text: splice(text, spans, put_in), count: starts.length };
}

/** The ending of most lines; null for a text of one line. */
export function lineEnding(text: string): "\n" | "\r\n" | null {
  let lf = 0;
  let crlf = 0;
  for (let at = text.indexOf("\n"); at !== -1; at = text.indexOf("\n", at + 1)) {
    if (text[at - 1] === "\r") crlf++;
    else lf++;
  }
  if (lf + crlf === 0) return null;
  return crlf > lf ? "\r\n" : "\n";
}

export const withLf = (text: string): string => text.replaceAll("\r\n", "\n");

export const withEnding = (text: string, ending: "\n" | "\r\n" | null): string =>
  ending === null ? text : withLf(text).replaceAll("\n", ending);

/** Line numbers of ascending offsets. */
function linesAt(text: string, offsets: readonly number[]): number[] {
  let line = 1;
  let from = 0;
  return offsets.map((offset) => {
    line += text.slice(from, offset).split("\n").length - 1;
    from = offset;
    return line;
  });
}

interface Span {
  readonly start: number;
  readonly end: number;
}

/** Replaces ascending spans, whose offsets count CRLF as one character, in the text as it is. */
function splice(text: string, spans: readonly Span[], put_in: string): string {
  const offsets = asWritten(
    text,
    spans.flatMap(({ start, end }) => [start, end]),
  );
  const parts: string[] = [];
  let from = 0;
  for (let i = 0; i < offsets.length; i += 2) {
    parts.push(text.slice(from, offsets[i]), put_in);
    from = offsets[i + 1] ?? text.length;
  }
  return parts.join("") + text.slice(from);
}

/** Ascending offsets that count CRLF as one character, as offsets in the text. */
function asWritten(text: string, offsets: readonly number[]): number[] {
  let returns = 0;
  let next = text.indexOf("\r\n");
  return offsets.map((offset) => {
    while (next !== -1 && next < offset + returns) {
      returns++;
      next = text.indexOf("\r\n", next + 2);
    }
    return offset + returns;
  });
}
