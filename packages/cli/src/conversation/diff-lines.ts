import type { Screen, Tone } from "../terminal/screen.ts";

export interface DiffLine {
  text: string;
  tone: Tone;
}

/** The lines of a unified diff of one or many files, each with its tone. */
export function diffLines(diff: string): DiffLine[] {
  const lines = diff.replace(/\n$/, "").split("\n");
  const toneOf = createToneOf();
  return byFile(lines.map((text) => ({ text, tone: toneOf(text) }))).flatMap(withVisibleEnds);
}

/** Where headers begin a file begins; the words that may stand before the first go with none. */
function byFile(lines: DiffLine[]): DiffLine[][] {
  const files: DiffLine[][] = [];
  lines.forEach((line, at) => {
    const begins = line.tone === "strong" && lines[at - 1]?.tone !== "strong";
    if (begins || files.length === 0) files.push([]);
    files.at(-1)?.push(line);
  });
  return files;
}

export const printDiff = (diff: string, screen: Screen): void =>
  diffLines(diff).forEach(({ text, tone }) => screen.print(text, tone));

const HUNK = /^@@ -\d+(?:,(\d+))? \+\d+(?:,(\d+))? @@/;

/** The counts of a hunk tell its lines from headers: a removed `-- x` looks like one. */
function createToneOf(): (line: string) => Tone {
  let before = 0;
  let after = 0;
  return (line) => {
    const hunk = HUNK.exec(line);
    if (before + after <= 0) {
      if (!hunk) return "strong";
      before = Number(hunk[1] ?? 1);
      after = Number(hunk[2] ?? 1);
      return "dim";
    }
    if (line.startsWith("-")) before--;
    else if (line.startsWith("+")) after--;
    else if (!line.startsWith("\\")) [before, after] = [before - 1, after - 1];
    return line.startsWith("-") ? "bad" : line.startsWith("+") ? "good" : "plain";
  };
}

/**
 * A CR at the end of some lines and not of others is what such a diff is about; any other one would
 * begin a line that nobody wrote.
 */
function withVisibleEnds(lines: DiffLine[]): DiffLine[] {
  const is_mixed = lines.some(
    ({ text, tone }) => (tone === "bad" || tone === "good") && !text.endsWith("\r"),
  );
  return lines.map(({ text, tone }) => {
    const unended = is_mixed || tone === "strong" ? text : text.replace(/\r$/, "");
    return { text: unended.replaceAll("\r", "\\u{d}"), tone };
  });
}
