import { Writable } from "node:stream";
import { vi } from "vitest";

/** What a terminal of `columns` shows of what is written: the few sequences that readline uses. */
export interface VirtualScreen {
  readonly stderr: Writable & { isTTY: true; columns: number; rows: number };
  /** The rows down to the last one with text; ends of rows are trimmed. */
  shown(): string[];
  /** Row and column of the cursor, from 0. */
  cursor(): { row: number; column: number };
}

// Where the tester's terminal is a dumb one, Node's readline would draw no line again.
vi.stubEnv("TERM", "xterm");

const SEQUENCE = /^\u001b\[\??(\d*)([A-Za-z])/;

export function createVirtualScreen(columns: number): VirtualScreen {
  const cells: string[][] = [[]];
  let row = 0;
  let column = 0;

  const moves: Record<string, (n: number) => void> = {
    A: (n) => (row = Math.max(0, row - (n || 1))),
    B: (n) => (row += n || 1),
    C: (n) => (column = Math.min(columns - 1, column + (n || 1))),
    D: (n) => (column = Math.max(0, column - (n || 1))),
    G: (n) => (column = (n || 1) - 1),
    J: () => {
      cells.length = row + 1;
      cells[row] = (cells[row] ?? []).slice(0, column);
    },
    K: () => void (cells[row] = (cells[row] ?? []).slice(0, column)),
    h: () => undefined,
    l: () => undefined,
  };
  const put = (character: string) => {
    if (column >= columns) {
      row++;
      column = 0;
    }
    const line = (cells[row] ??= []);
    while (line.length < column) line.push(" ");
    line[column++] = character;
  };
  const write = (text: string) => {
    for (let at = 0; at < text.length;) {
      const sequence = SEQUENCE.exec(text.slice(at));
      if (sequence) {
        const move = moves[sequence[2] ?? ""];
        if (!move) throw new Error(`a sequence that nobody knows: ${JSON.stringify(sequence[0])}`);
        move(Number(sequence[1]));
        at += sequence[0].length;
        continue;
      }
      const character = text[at++] ?? "";
      if (character === "\r") column = 0;
      // A terminal's line discipline makes CR LF of it.
      else if (character === "\n") [row, column] = [row + 1, 0];
      else put(character);
    }
  };

  const stream = new Writable({
    decodeStrings: false,
    write(chunk: string | Buffer, _, done) {
      write(chunk.toString());
      done();
    },
  });
  const filled = () => Array.from(cells, (line) => (line ?? []).join("").trimEnd());
  return {
    stderr: Object.assign(stream, { isTTY: true as const, columns, rows: 50 }),
    shown() {
      const lines = filled();
      while (lines.at(-1) === "") lines.pop();
      return lines;
    },
    cursor: () => ({ row, column }),
  };
}
