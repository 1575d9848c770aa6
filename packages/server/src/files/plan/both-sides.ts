import { textIn } from "../encoding.ts";
import { lineDiff, shown, type Side } from "./line-diff.ts";
import { quotedPath } from "./quoted-path.ts";

/** A conflict shows what differs, not all that does. */
const SIDES = { lines: 40, chars: 3_000 } as const;

/**
 * What was expected of a file and what is there, as a bounded diff from the one to the other; null
 * bytes: no file.
 */
export function bothSides(path: string, expected: Uint8Array | null, found: Uint8Array | null) {
  const before = sideOf(path, expected);
  const after = sideOf(path, found);
  const name = quotedPath(path);
  if (before === null || after === null) return `${name}: one of the two is binary`;
  if (after.text === null) return `${name}: there is no such file now`;
  if (before.text === null) return `${name}: no file was expected; there is one now`;
  const diff = lineDiff(before, after);
  if (diff === null) return `${name}: too much changed for a diff`;
  const [, , ...body] = diff.lines;
  return shown([`--- ${name} (expected)`, `+++ ${name} (found)`, ...body], SIDES);
}

function sideOf(path: string, bytes: Uint8Array | null): Side | null {
  if (bytes === null) return { path, text: null };
  const text = textIn(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength))?.text;
  return text === undefined ? null : { path, text };
}
