import { createInterface } from "node:readline";
import { Writable } from "node:stream";
import { escapeText } from "./escape.ts";
import type { Terminal } from "./line-reader.ts";

const LIMIT_CHARS = 4_096;

/**
 * A line that nobody may read over a shoulder: at a terminal it is asked for and not shown, else the first
 * line of the input. Null where there is none: Ctrl-C, Ctrl-D, an empty line, or one that is absurdly long.
 */
export function readSecret({ stdin, stderr }: Terminal, question: string): Promise<string | null> {
  const terminal = stdin.isTTY === true;
  const unseen = new Writable({ write: (_chunk, _encoding, done) => done() });
  const lines = createInterface({ input: stdin, output: unseen, terminal });
  if (terminal) stderr.write(escapeText(question));
  return new Promise((resolve) => {
    // The first end counts: closing is one, too.
    const end = (text: string | null) => {
      const secret = text?.trim() ?? "";
      resolve(secret === "" || secret.length > LIMIT_CHARS ? null : secret);
      lines.close();
    };
    lines.once("line", end);
    lines.once("SIGINT", () => end(null));
    lines.once("close", () => {
      if (terminal) stderr.write("\n");
      end(null);
    });
  });
}
