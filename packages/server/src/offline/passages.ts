import { literal } from "./keywords.ts";

/** A line that a search found. */
export interface Passage {
  readonly path: string;
  readonly line: number;
  readonly text: string;
}

/** The best lines of one file, in the order of the file. */
export interface RankedFile {
  readonly path: string;
  readonly words: readonly string[];
  readonly passages: readonly Passage[];
  /** Matching lines of this file that are not among `passages`. */
  readonly left_out: number;
}

export interface Found {
  readonly files: readonly RankedFile[];
  readonly left_out_files: number;
  /** False when a search had more matches than it showed. */
  readonly complete: boolean;
}

const MOST_FILES = 5;
const MOST_LINES_A_FILE = 4;

const MATCH = /^(.+?):(\d+): ?(.*)$/u;

/**
 * Reads the results of searches (`path:line: text`, a last line beginning with `… ` where there are
 * more) and ranks their files by how many distinct words of the question they hold, then by how
 * rare those words are among the files found, then by path. Pure.
 */
export function rankPassages(results: readonly string[], words: readonly string[]): Found {
  const lines = results.flatMap((result) => result.split("\n"));
  const found = new Map(
    lines.flatMap(passageOf).map((each) => [`${each.path}:${each.line}`, each]),
  );
  const heldBy = wordFinder(words);
  const files = [...Map.groupBy(found.values(), ({ path }) => path)].map(([path, passages]) => ({
    path,
    passages,
    words: heldBy(passages.map(({ text }) => text).join("\n")),
  }));
  // Where a word stands as a word somewhere, files that hold it only inside others are noise.
  const meant = files.some((file) => file.words.length > 0)
    ? files.filter((file) => file.words.length > 0)
    : files;
  const rarity = (word: string) => 1 / files.filter((file) => file.words.includes(word)).length;
  const rare = (held: readonly string[]) => held.reduce((sum, word) => sum + rarity(word), 0);
  const ranked = meant
    .map((file) => ({ ...file, rare: rare(file.words) }))
    .sort((a, b) => b.words.length - a.words.length || b.rare - a.rare || byName(a.path, b.path));
  return {
    files: ranked.slice(0, MOST_FILES).map((file) => bestLines(file, heldBy)),
    left_out_files: Math.max(0, ranked.length - MOST_FILES),
    complete: !lines.some((line) => line.startsWith("… ")),
  };
}

type WordFinder = (text: string) => string[];

/** Which words a text holds, as the start of one of its own: `turn` is in "turns", not in "return". */
function wordFinder(words: readonly string[]): WordFinder {
  const expressions = words.map(
    (word) => [word, new RegExp(`(?<![\\p{L}\\p{N}])${literal(word)}`, "iu")] as const,
  );
  return (text) =>
    expressions.flatMap(([word, expression]) => (expression.test(text) ? [word] : []));
}

function passageOf(line: string): Passage[] {
  const match = MATCH.exec(line);
  if (match === null) return [];
  return [{ path: match[1] ?? "", line: Number(match[2]), text: match[3] ?? "" }];
}

function bestLines(
  file: { path: string; words: readonly string[]; passages: readonly Passage[] },
  heldBy: WordFinder,
): RankedFile {
  const passages = file.passages
    .filter(({ text }) => file.words.length === 0 || heldBy(text).length > 0)
    .map((passage) => ({ passage, held: heldBy(passage.text).length }))
    .sort((a, b) => b.held - a.held || a.passage.line - b.passage.line)
    .slice(0, MOST_LINES_A_FILE)
    .map(({ passage }) => passage)
    .sort((a, b) => a.line - b.line);
  const left_out = file.passages.length - passages.length;
  return { path: file.path, words: file.words, passages, left_out };
}

const byName = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
