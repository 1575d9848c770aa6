import { clipped } from "../terminal/escape.ts";
import { type DiffLine, diffLines } from "./diff-lines.ts";

const LINES = 24;
const LINE_CHARS = 200;

/** The head of an edit's result, its summary and its diff, to be seen below the call. */
export function editResultLines(result: string, edit_id: string): DiffLine[] {
  const lines = diffLines(result).map(({ text, tone }): DiffLine => {
    const is_change = tone === "good" || tone === "bad";
    return { text: clipped(text, LINE_CHARS), tone: is_change ? tone : "dim" };
  });
  const left_out = lines.length - LINES;
  if (left_out <= 0) return lines;
  const rest = `… ${left_out} more ${left_out === 1 ? "line" : "lines"}: mainstay edits ${edit_id}`;
  return [...lines.slice(0, LINES), { text: rest, tone: "dim" }];
}
