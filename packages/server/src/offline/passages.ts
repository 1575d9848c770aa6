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
  /** What the search itself said about matches that it did not show; null when it showed all. */
  readonly search_note: string | null;
}

const MOST_FILES = 5;
const MOST_LINES_A_FILE = 4;

const MATCH = /^(.+?):(\d+): ?(.*)$/u;

/**
 * Reads a search's result (`path:line: text`, a last line beginning with `… `) and ranks its files
 * by how many distinct words of the question they hold, then by how rare those words are among the
 * files found, then by path. Pure.
 */
export function rankPassages(result: string, words: readonly string[]): Found {
  const lines = result.split("\n");
  const note = lines.findLast((line) => line.startsWith("… ")) ?? null;
  const byPath = Map.groupBy(lines.flatMap(passageOf), (passage) => passage.path);
  const files = [...byPath].map(([path, passages]) => ({
    path,
    passages,
    words: heldBy(passages),
  }));
  const rarity = (word: string) => 1 / files.filter((file) => file.words.includes(word)).length;
  const rare = (held: readonly string[]) => held.reduce((sum, word) => sum + rarity(word), 0);
  const ranked = files
    .map((file) => ({ ...file, rare: rare(file.words) }))
    .sort((a, b) => b.words.length - a.words.length || b.rare - a.rare || byName(a.path, b.path));
  return {
    files: ranked.slice(0, MOST_FILES).map((file) => bestLines(file, words)),
    left_out_files: Math.max(0, ranked.length - MOST_FILES),
    search_note: note,
  };

  function heldBy(passages: readonly Passage[]): string[] {
    const text = passages.map((passage) => passage.text.toLowerCase()).join("\n");
    return words.filter((word) => text.includes(word.toLowerCase()));
  }
}

function passageOf(line: string): Passage[] {
  const match = MATCH.exec(line);
  if (match === null) return [];
  return [{ path: match[1] ?? "", line: Number(match[2]), text: match[3] ?? "" }];
}

function bestLines(
  file: { path: string; words: readonly string[]; passages: readonly Passage[] },
  words: readonly string[],
): RankedFile {
  const held = ({ text }: Passage) =>
    words.filter((word) => text.toLowerCase().includes(word.toLowerCase())).length;
  const passages = file.passages
    .toSorted((a, b) => held(b) - held(a) || a.line - b.line)
    .slice(0, MOST_LINES_A_FILE)
    .sort((a, b) => a.line - b.line);
  return {
    path: file.path,
    words: file.words,
    passages,
    left_out: file.passages.length - passages.length,
  };
}

const byName = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
