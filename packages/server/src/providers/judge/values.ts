import { readLenient } from "./lenient-json.ts";

/** The objects of a text, and whether none was cut within a value. */
export interface Values {
  readonly values: readonly unknown[];
  readonly complete: boolean;
}

const MOST = 100;
/** A brace, a bracket before one, or the quote of a string that holds one. */
const OPENING = /\{|\[(?=\s*[[{])|"(?=\s*[[{]+\s*\\)/g;
const ESCAPED = /^[\s[{]*\{\s*\\"/;

/** Every object in a text, however leniently read; null where the first cannot be. */
export function valuesIn(text: string): Values | null {
  const body = ESCAPED.test(text) ? text.replace(/\\(["\\])/g, "$1") : text;
  const values: unknown[] = [];
  let complete = true;
  let at = openingFrom(body, 0);
  while (at >= 0 && values.length < MOST) {
    const read = readLenient(body, at);
    if (read === null) return values.length === 0 ? null : { values, complete: false };
    values.push(decoded(read.value));
    complete &&= read.complete;
    at = openingFrom(body, read.end);
  }
  return values.length === 0 ? null : { values, complete };
}

function openingFrom(body: string, from: number): number {
  OPENING.lastIndex = from;
  return OPENING.exec(body)?.index ?? -1;
}

/** The text of a JSON string may be an object again. */
function decoded(value: unknown): unknown {
  if (typeof value !== "string" || !/^\s*[[{]/.test(value)) return value;
  return readLenient(value)?.value ?? value;
}
