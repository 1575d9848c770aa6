import { bounds } from "../bounds.ts";
import { occurrences } from "../occurrences.ts";
import { lineEnding } from "../replacement.ts";
import type { Hunk } from "./patch-files.ts";
import { NO_LINE } from "./recount.ts";
import { bare, linesOf } from "./text-lines.ts";

/** A text with hunks applied, or the first hunk (from 0) that does not fit, and why. */
export type Patched =
  | { readonly kind: "patched"; readonly text: string }
  /** Its lines are nowhere in the text. */
  | { readonly kind: "no_match"; readonly hunk: number; readonly sought: string }
  /** They are at several lines (from 1), and its header names none of them. */
  | { readonly kind: "ambiguous"; readonly hunk: number; readonly lines: readonly number[] }
  /** It has no line of a file that has some: there is nothing to find it by. */
  | { readonly kind: "nowhere"; readonly hunk: number }
  /** It changes what a hunk before it changes. */
  | { readonly kind: "overlaps"; readonly hunk: number };

/**
 * Applies hunks without fuzz: every line of context and every removed line must be there, at the line
 * that the header names or else at exactly one place. Lines outside of the change keep their bytes.
 */
export function applyHunks(text: string, hunks: readonly Hunk[]): Patched {
  const lines = linesOf(text);
  const index = indexOf(lines.map(bare));
  const splices: Splice[] = [];
  let drift = 0;
  let last: Hunk | null = null;
  for (const [i, hunk] of hunks.entries()) {
    const found = place(index, hunk, drift);
    if (found.kind !== "at") return { ...found, hunk: i };
    if (hunk.oldStart !== NO_LINE) drift = found.line - (hunk.oldStart - 1);
    if (found.line + soughtBy(hunk).length === lines.length) last = hunk;
    splices.push(...splicesOf(hunk, found.line, i));
  }
  const ordered = splices.toSorted((one, other) => one.at - other.at);
  const clash = ordered.find(({ at }, i) => at < endOf(ordered[i - 1]));
  if (clash !== undefined) return { kind: "overlaps", hunk: clash.hunk };
  return { kind: "patched", text: joined(spliced(lines, ordered), text, last) };
}

type Found =
  | { readonly kind: "at"; readonly line: number }
  | { readonly kind: "no_match"; readonly sought: string }
  | { readonly kind: "ambiguous"; readonly lines: readonly number[] }
  | { readonly kind: "nowhere" };

function place(index: LineIndex, hunk: Hunk, drift: number): Found {
  const sought = soughtBy(hunk);
  if (sought.length === 0)
    return index.length === 0 ? { kind: "at", line: 0 } : { kind: "nowhere" };
  const stated = hunk.oldStart - 1;
  for (const line of hunk.oldStart === NO_LINE ? [] : [stated + drift, stated]) {
    if (index.has(sought, line)) return { kind: "at", line };
  }
  const places = index.find(sought);
  const [line, ...others] = places;
  if (line === undefined) return { kind: "no_match", sought: sought.join("\n") };
  if (others.length === 0) return { kind: "at", line };
  return { kind: "ambiguous", lines: places.map((at) => at + 1) };
}

const soughtBy = ({ lines }: Hunk): string[] =>
  lines.filter((line) => /^[- ]/.test(line)).map((line) => line.slice(1));

interface LineIndex {
  readonly length: number;
  has(sought: readonly string[], at: number): boolean;
  /** Every line (from 0) where `sought` starts. */
  find(sought: readonly string[]): number[];
}

/** Lines as numbers, two characters each, so that they are searched for in linear time. */
function indexOf(lines: readonly string[]): LineIndex {
  const numbers = new Map<string, number>();
  for (const line of lines) if (!numbers.has(line)) numbers.set(line, numbers.size);
  const coded = lines.map((line) => code(numbers.get(line) ?? 0)).join("");
  return {
    length: lines.length,
    has: (sought, at) => at >= 0 && sought.every((line, i) => lines[at + i] === line),
    find(sought) {
      if (!sought.every((line) => numbers.has(line))) return [];
      const wanted = sought.map((line) => code(numbers.get(line) ?? 0)).join("");
      return occurrences(coded, wanted, bounds.replacements, true).map((at) => at / 2);
    },
  };
}

/** The upper half below 0x8000 and the lower above it: a match never starts between the two. */
const code = (number: number): string =>
  String.fromCharCode(number >> 15, 0x80_00 | (number & 0x7f_ff));

/** Lines that go at a line, from 0, and what comes in their place. */
interface Splice {
  readonly hunk: number;
  readonly at: number;
  removed: number;
  readonly added: string[];
}

const endOf = (splice: Splice | undefined): number =>
  splice === undefined ? 0 : splice.at + splice.removed;

/** Context is not written again: it may have endings of its own. */
function splicesOf({ lines }: Hunk, start: number, hunk: number): Splice[] {
  const splices: Splice[] = [];
  let line = start;
  let open: Splice | null = null;
  for (const text of lines) {
    if (text.startsWith("\\")) continue;
    if (text.startsWith(" ")) {
      open = null;
      line++;
      continue;
    }
    if (open === null) splices.push((open = { hunk, at: line, removed: 0, added: [] }));
    if (text.startsWith("-")) {
      open.removed++;
      line++;
    } else open.added.push(text.slice(1));
  }
  return splices;
}

/** The lines as they are, and those put in without an ending. */
interface Piece {
  readonly line: string;
  readonly is_new: boolean;
}

function spliced(lines: readonly string[], splices: readonly Splice[]): Piece[] {
  const pieces: Piece[] = [];
  let from = 0;
  const keep = (to: number) => {
    for (const line of lines.slice(from, to)) pieces.push({ line, is_new: false });
  };
  for (const splice of splices) {
    keep(splice.at);
    for (const line of splice.added) pieces.push({ line, is_new: true });
    from = endOf(splice);
  }
  keep(lines.length);
  return pieces;
}

/** New lines end as most of the text's do; the last one as the hunk of the text's end says, else as it was. */
function joined(pieces: readonly Piece[], text: string, last: Hunk | null): string {
  const ending = lineEnding(text) ?? "\n";
  const is_closed = endsClosed(text, last);
  return pieces
    .map(({ line, is_new }, i) => {
      const is_last = i === pieces.length - 1;
      if (is_last && !is_closed) return bare(line);
      return !is_new && line.endsWith("\n") ? line : line + ending;
    })
    .join("");
}

/** Whether the last line has an ending. A patch speaks of it where it changes that line. */
function endsClosed(text: string, last: Hunk | null): boolean {
  if (isOpen(last, "+")) return false;
  return isOpen(last, "-") || text === "" || text.endsWith("\n");
}

/** "No newline at end of file", said of the last line of that side, where the hunk changes it. */
function isOpen(hunk: Hunk | null, kind: "+" | "-"): boolean {
  const lines = hunk?.lines ?? [];
  const at = lines.findLastIndex((line) => line.startsWith(kind) || line.startsWith(" "));
  return lines[at]?.startsWith(kind) === true && lines[at + 1]?.startsWith("\\") === true;
}
