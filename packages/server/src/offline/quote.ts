const MOST = { lines: 80, chars: 6_000 };
const LINE_CHARS = 300;

/**
 * Text as a fenced block that it cannot leave: the fence is longer than any run of backticks in
 * it. Bounded; what was left out is said below the block.
 */
export function quote(text: string): string {
  const lines = linesOf(text);
  const shown = fitting(lines, MOST);
  const left_out = lines.length - shown.length;
  return fenced(shown.join("\n")) + (left_out === 0 ? "" : `\nLines left out: ${left_out}.`);
}

/** Of what a command printed; how it ended is at most 30 lines, each of which is told. */
const START = { lines: 30, chars: 3_000 };
const END = { lines: 50, chars: 10_000 };

/** What a command printed and how it ended, quoted: its beginning, what is left out, its end. */
export function quoteEnds(text: string): { readonly quoted: string; readonly is_whole: boolean } {
  const lines = linesOf(text);
  const end = fitting(lines.toReversed(), END).toReversed();
  const start = fitting(lines.slice(0, lines.length - end.length), START);
  const between = lines.slice(start.length, lines.length - end.length);
  const shown = [...start, ...standIn(between), ...end];
  return {
    quoted: fenced(shown.join("\n")),
    is_whole: isEqual(shown, lines) && !lines.some(isGap),
  };
}

/** What takes no more room than to say that it is missing is not missing. */
function standIn(between: readonly string[]): string[] {
  if (between.length === 0) return [];
  const is_short = between.length === 1 && between[0]!.length <= LINE_CHARS;
  return is_short && !between.some(isGap) ? [...between] : [leftOut(between)];
}

/** Where the executor kept the head and the tail of the output alone. */
const GAP = /^\[(\d{1,15}) bytes left out\]$/u;
const isGap = (line: string): boolean => GAP.test(line);

/** In lines, where they are known. */
function leftOut(lines: readonly string[]): string {
  const gap = lines.find(isGap);
  if (gap === undefined) return `[${lines.length} line${lines.length === 1 ? "" : "s"} left out]`;
  const around = lines.filter((line) => line !== gap).map((line) => `${line}\n`);
  const bytes = Buffer.byteLength(around.join("")) + Number(GAP.exec(gap)?.[1]);
  return `[${bytes} bytes left out]`;
}

const isEqual = (some: readonly string[], others: readonly string[]): boolean =>
  some.length === others.length && some.every((line, at) => line === others[at]);

const linesOf = (text: string): string[] => text.replace(/\r?\n$/u, "").split("\n");

/** The first of the lines, as many as fit, each shortened. */
function fitting(lines: readonly string[], most: typeof START): string[] {
  const shown: string[] = [];
  let chars = 0;
  for (const line of lines.slice(0, most.lines)) {
    const short = shortened(line);
    chars += short.length + 1;
    if (chars > most.chars) break;
    shown.push(short);
  }
  return shown;
}

/** A short text inside a sentence, on one line, as code. */
export function inline(text: string): string {
  const line = shortened(text.replace(/\s+/gu, " ").trim());
  const ticks = "`".repeat(longestRun(line) + 1);
  return ticks.length === 1 ? `\`${line}\`` : `${ticks} ${line} ${ticks}`;
}

function fenced(text: string): string {
  const fence = "`".repeat(Math.max(3, longestRun(text) + 1));
  return `${fence}text\n${text}\n${fence}`;
}

const longestRun = (text: string): number =>
  (text.match(/`+/gu) ?? []).reduce((longest, run) => Math.max(longest, run.length), 0);

const shortened = (line: string): string =>
  line.length <= LINE_CHARS ? line : `${line.slice(0, LINE_CHARS - 1).toWellFormed()}…`;
