import { bounds } from "./bounds.ts";
import { withLf } from "./replacement.ts";

/** What a text that was sought and not found may have meant. Lines count from 1. */
export type NearMiss =
  /** The same but for white space. */
  | { readonly kind: "white_space"; readonly line: number; readonly text: string }
  /** It is there from line `from` on, but line `line` differs. `text` is null past the file's end. */
  | {
      readonly kind: "diverges";
      readonly from: number;
      readonly line: number;
      readonly text: string | null;
      readonly sought: string;
    }
  /** Lines most like its first line, best first. */
  | { readonly kind: "similar"; readonly lines: readonly SimilarLine[] }
  | { readonly kind: "nothing_like_it" };

interface SimilarLine {
  readonly line: number;
  readonly text: string;
}

const SHOWN_LINES = 3;
/** A line without a word stands in too many places to say where one is. */
const TELLING = /\w{3}/;
const COMPARED_CHARS = 120;
/** Of pairs of characters in common, by Dice; below it a line is noise. */
const LEAST_LIKENESS = 0.5;

export function nearMiss(text: string, sought: string): NearMiss {
  const lines = withLf(text).split("\n", bounds.near_lines);
  const wanted = withLf(sought)
    .replace(/^\n+|\n+$/g, "")
    .split("\n");
  const { at, count } = longestStart(lines, wanted);
  if (count === wanted.length && wanted.some((line) => line.trim() !== "")) {
    return { kind: "white_space", line: at + 1, text: lines.slice(at, at + count).join("\n") };
  }
  const compared = at + count < bounds.near_lines;
  if (compared && wanted.slice(0, count).some((line) => TELLING.test(line))) {
    const text = lines[at + count] ?? null;
    const differs = { line: at + count + 1, text, sought: wanted[count] ?? "" };
    return { kind: "diverges", from: at + 1, ...differs };
  }
  const similar = mostLike(lines, wanted.find((line) => line.trim() !== "") ?? "");
  return similar.length > 0 ? { kind: "similar", lines: similar } : { kind: "nothing_like_it" };
}

const squashed = (line: string): string => line.replaceAll(/\s+/g, "");

/** Where most of the first wanted lines stand, white space aside. */
function longestStart(lines: readonly string[], wanted: readonly string[]) {
  const ids = new Map<string, number>();
  // Numbers, because both sides may be hostile and long lines are slow to compare that often.
  const idOf = (line: string): number => {
    const key = squashed(line);
    const id = ids.get(key) ?? ids.size;
    ids.set(key, id);
    return id;
  };
  const have = lines.map(idOf);
  const want = wanted.map(idOf);
  let best = { at: 0, count: 0 };
  for (let at = 0; at < have.length; at++) {
    let count = 0;
    while (count < want.length && have[at + count] === want[count]) count++;
    if (count > best.count) best = { at, count };
  }
  return best;
}

function mostLike(lines: readonly string[], wanted: string): SimilarLine[] {
  const pairs = pairsOf(wanted);
  return lines
    .map((text, at) => ({ line: at + 1, text, likeness: dice(pairs, pairsOf(text)) }))
    .filter(({ likeness }) => likeness >= LEAST_LIKENESS)
    .toSorted((a, b) => b.likeness - a.likeness)
    .slice(0, SHOWN_LINES)
    .map(({ line, text }) => ({ line, text }));
}

function pairsOf(line: string): Set<string> {
  const text = line.trim().slice(0, COMPARED_CHARS);
  const pairs = new Set<string>();
  for (let i = 0; i + 1 < text.length; i++) pairs.add(text.slice(i, i + 2));
  return pairs;
}

/** Sørensen–Dice coefficient of two sets, 0 to 1. */
function dice(a: ReadonlySet<string>, b: ReadonlySet<string>): number {
  let both = 0;
  for (const pair of a) if (b.has(pair)) both++;
  return both === 0 ? 0 : (2 * both) / (a.size + b.size);
}
