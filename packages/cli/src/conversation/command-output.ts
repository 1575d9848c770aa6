import { clipped } from "../terminal/escape.ts";

interface OutputLimits {
  lines: number;
  line_chars: number;
}

/** For what a model runs: enough to see what goes on. */
export const glimpse: OutputLimits = { lines: 12, line_chars: 200 };
/** For what the person runs; the server bounds it. */
export const whole: OutputLimits = { lines: Infinity, line_chars: Infinity };

/** The head of a command's live output, line by line; what is beyond is counted. */
export function createCommandOutput(show: (line: string) => void, limits: OutputLimits) {
  let shown = 0;
  let hidden = 0;
  let partial = "";
  const take = (line: string) => {
    if (shown >= limits.lines) return void hidden++;
    shown++;
    show(clipped(line, limits.line_chars));
  };
  const endLine = () => {
    if (partial !== "") take(lastOverwrite(partial));
    partial = "";
  };
  return {
    push(text: string) {
      const lines = (partial + text).split(/\r\n|\n/);
      partial = (lines.pop() ?? "").slice(0, limits.line_chars + 1);
      lines.map(lastOverwrite).forEach(take);
    },
    /** Marks the place where so much is missing. */
    gap(amount: number, unit: "character" | "byte") {
      endLine();
      show(`[${amount} ${unit}${amount === 1 ? "" : "s"} not shown]`);
    },
    end() {
      endLine();
      if (hidden > 0) show(`… ${hidden} more ${hidden === 1 ? "line" : "lines"}`);
    },
  };
}

/** A progress bar rewrites its line with CR: the last version is what a terminal would show. */
function lastOverwrite(line: string): string {
  return line.replace(/\r+$/, "").split("\r").at(-1) ?? "";
}
