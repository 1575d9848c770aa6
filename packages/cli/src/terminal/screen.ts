import { escapeText, safeJson } from "./escape.ts";

export interface Output {
  write(text: string): unknown;
  isTTY?: boolean | undefined;
  /** Of a terminal. */
  columns?: number | undefined;
}

export type Tone = "plain" | "dim" | "strong" | "good" | "bad";

/**
 * The only way to the terminal: everything is escaped here, colours are added after that. Standard
 * output carries what was asked for, standard error all that is said around it.
 */
export interface Screen {
  /** Standard output is a terminal: whoever reads the answer has read the notes, too. */
  readonly on_terminal: boolean;
  /** How many columns a line may take; infinite away from a terminal, or where it does not say. */
  columns(): number;
  /** Text of the answer, as it comes. */
  answer(text: string): void;
  /** A line of what was asked for. */
  print(line: string, tone?: Tone): void;
  /** A line about it. */
  note(line: string, tone?: Tone): void;
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
  const freshLine = () => {
    if (within_line) stdout.write("\n");
    within_line = false;
  };
  const line = (output: Output, text: string, tone: Tone) => {
    freshLine();
    output.write(`${painted(escapeText(text), tone, colors && output.isTTY === true)}\n`);
  };
  return {
    on_terminal: stdout.isTTY === true,
    columns: () => stderr.columns || stdout.columns || Infinity,
    answer(text) {
      if (text === "") return;
      stdout.write(escapeText(text));
      within_line = !text.endsWith("\n");
    },
    print: (text, tone = "plain") => line(stdout, text, tone),
    note: (text, tone = "plain") => line(stderr, text, tone),
    json: (value) => void stdout.write(`${safeJson(value)}\n`),
  };
}

function painted(text: string, tone: Tone, colors: boolean): string {
  return colors && tone !== "plain" ? `\u001b[${codes[tone]}m${text}\u001b[0m` : text;
}
