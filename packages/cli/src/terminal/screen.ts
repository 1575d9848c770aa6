import { escapeText, safeJson } from "./escape.ts";
import { firstColumns } from "./rows.ts";
import { rowsOf } from "./void-rows.ts";

export interface Output {
  write(text: string): unknown;
  isTTY?: boolean | undefined;
  /** Of a terminal. */
  columns?: number | undefined;
  rows?: number | undefined;
}

export type Tone = "plain" | "dim" | "strong" | "good" | "bad";

/**
 * The only way to the terminal: everything is escaped here, colours are added after that. Standard
 * output carries what was asked for, standard error all that is said around it.
 */
export interface Screen {
  /** Standard output is a terminal: whoever reads the answer has read the notes, too. */
  readonly on_terminal: boolean;
  /** `live` shows something. */
  readonly has_live: boolean;
  /** Text of the answer stands on a line that has no end yet. */
  isWithinLine(): boolean;
  /** How many columns a line may take; infinite away from a terminal, or where it does not say. */
  columns(): number;
  /** Text of the answer, as it comes. */
  answer(text: string): void;
  /** Takes the answer's last text off a terminal again. False: it stands, for it is not all in sight. */
  takeBack(text: string): boolean;
  /** A line of what was asked for. */
  print(line: string, tone?: Tone): void;
  /** A line about it. */
  note(line: string, tone?: Tone): void;
  /** The row below all others, which the next one replaces; null takes it away. */
  live(line: string | null): void;
  json(value: unknown): void;
}

const codes: Record<Exclude<Tone, "plain">, string> = {
  dim: "2",
  strong: "1",
  good: "32",
  bad: "31",
};

export interface ScreenOptions {
  stdout: Output;
  stderr: Output;
  /** False where the person does not want colours; they are left out anyway off a terminal. */
  colors: boolean;
}

export function createScreen({ stdout, stderr, colors }: ScreenOptions): Screen {
  let within_line = false;
  let live_shown: string | null = null;
  /** The answer's text since the last line of anything else. */
  let block = "";
  const has_live = stderr.isTTY === true;
  const takeLive = () => {
    if (live_shown !== null) stderr.write(ROW_ABOVE_AND_BELOW_GONE);
    live_shown = null;
  };
  const freshLine = () => {
    takeLive();
    if (within_line) stdout.write("\n");
    within_line = false;
    block = "";
  };
  const line = (output: Output, text: string, tone: Tone) => {
    freshLine();
    output.write(`${painted(escapeText(text), tone, colors && output.isTTY === true)}\n`);
  };
  const columns = () => stderr.columns || stdout.columns || Infinity;
  return {
    on_terminal: stdout.isTTY === true,
    has_live,
    isWithinLine: () => within_line,
    columns,
    answer(text) {
      if (text === "") return;
      takeLive();
      stdout.write(escapeText(text));
      within_line = !text.endsWith("\n");
      block = (block + escapeText(text)).slice(-BLOCK_UNITS);
    },
    takeBack(text) {
      const before = block.slice(0, block.length - text.length);
      const begins_row = block === before + text && (before === "" || before.endsWith("\n"));
      const rows = begins_row ? rowsOf(text, columns()) : null;
      if (stdout.isTTY !== true || rows === null || rows >= (stdout.rows ?? 0)) return false;
      takeLive();
      stdout.write(`${rows > 1 ? `\u001b[${rows - 1}A` : ""}\r\u001b[J`);
      within_line = false;
      block = before;
      return true;
    },
    print: (text, tone = "plain") => line(stdout, text, tone),
    note: (text, tone = "plain") => line(stderr, text, tone),
    live(text) {
      // The row of an answer that is being written is not ours to leave.
      if (!has_live || within_line) return;
      const row =
        text === null ? null : firstColumns(rowOf(text), Math.min(columns(), LIVE_COLUMNS) - 1);
      if (row === live_shown) return;
      takeLive();
      if (row !== null) stderr.write(`${painted(row, "dim", colors)}\n`);
      live_shown = row;
    },
    json: (value) => void stdout.write(`${safeJson(value)}\n`),
  };
}

/** No row wraps, also where the terminal does not say how wide it is. */
const LIVE_COLUMNS = 80;

/** More than any terminal has in sight. */
const BLOCK_UNITS = 65_536;

/** Up into the live row, and nothing is left from there on. */
const ROW_ABOVE_AND_BELOW_GONE = "\u001b[1A\r\u001b[J";

const rowOf = (text: string): string => escapeText(text).replace(/[\n\t]/g, " ");

function painted(text: string, tone: Tone, colors: boolean): string {
  return colors && tone !== "plain" ? `\u001b[${codes[tone]}m${text}\u001b[0m` : text;
}
