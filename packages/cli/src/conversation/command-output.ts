import { clipped } from "../terminal/escape.ts";

const SHOWN_LINES = 12;
const LINE_LIMIT_CHARS = 200;

/** The head of a command's live output, line by line; what is beyond is counted. */
export function createCommandOutput(show: (line: string) => void) {
  let shown = 0;
  let hidden = 0;
  let partial = "";
  const take = (line: string) => {
    if (shown >= SHOWN_LINES) return void hidden++;
    shown++;
    show(clipped(line, LINE_LIMIT_CHARS));
  };
  return {
    push(text: string) {
      const lines = (partial + text).split(/\r\n|\n/);
      partial = (lines.pop() ?? "").slice(0, LINE_LIMIT_CHARS + 1);
      lines.map(lastOverwrite).forEach(take);
    },
    end() {
      if (partial !== "") take(lastOverwrite(partial));
      if (hidden > 0) show(`… ${hidden} more ${hidden === 1 ? "line" : "lines"}`);
    },
  };
}

/** A progress bar rewrites its line with CR: the last version is what a terminal would show. */
function lastOverwrite(line: string): string {
  return line.replace(/\r+$/, "").split("\r").at(-1) ?? "";
}
