const MOST_LINES = 80;
const MOST_CHARS = 6_000;
const LINE_CHARS = 300;

/**
 * Text as a fenced block that it cannot leave: the fence is longer than any run of backticks in
 * it. Bounded; what was left out is said below the block.
 */
export function quote(text: string): string {
  const lines = text.replace(/\r?\n$/u, "").split("\n");
  const shown: string[] = [];
  let chars = 0;
  for (const line of lines.slice(0, MOST_LINES)) {
    const short = shortened(line);
    chars += short.length + 1;
    if (chars > MOST_CHARS) break;
    shown.push(short);
  }
  const left_out = lines.length - shown.length;
  return fenced(shown.join("\n")) + (left_out === 0 ? "" : `\nLines left out: ${left_out}.`);
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
