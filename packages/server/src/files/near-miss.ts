import { bounds } from "./bounds.ts";
import { withLf } from "./replacement.ts";

/** What a text that was sought and not found may have meant. Lines count from 1. */
export type NearMiss =
  /** The same but for white space. */
  | { readonly kind: "white_space"; readonly line: number; readonly text: string }
  /** Lines most like its first line, best first. */
  | { readonly kind: "similar"; readonly lines: readonly SimilarLine[] }
  | { readonly kind: "nothing_like_it" };

interface SimilarLine {
  readonly line: number;
  readonly text: string;
}

const SHOWN_LINES = 3;
const COMPARED_CHARS = 120;
/** Of pairs of characters in common, by Dice; below it a line is noise. */
const LEAST_LIKENESS = 0.5;

export function nearMiss(text: string, sought: string): NearMiss {
  const lines = withLf(text).split("\n", bounds.near_lines);
  const wanted = withLf(sought)
    .replace(/^\n+|\n+$/g, "")
    .split("\n");
  const at = whereSquashed(lines, wanted);
  if (at !== null) {
    return {
      kind: "white_space",
      line: at + 1,
      text: lines.slice(at, at + wanted.length).join("\n"),
    };
  }
  const similar = mostLike(lines, wanted.find((line) => line.trim() !== "") ?? "");
  return similar.length > 0 ? { kind: "similar", lines: similar } : { kind: "nothing_like_it" };
}

const squashed = (line: string): string => line.replaceAll(/\s+/g, "");

function whereSquashed(lines: readonly string[], wanted: readonly string[]): number | null {
  const have = lines.map(squashed);
  const want = wanted.map(squashed);
  if (want.every((line) => line === "")) return null;
  for (let at = 0; at + want.length <= have.length; at++) {
    if (want.every((line, i) => have[at + i] === line)) return at;
  }
  return null;
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
