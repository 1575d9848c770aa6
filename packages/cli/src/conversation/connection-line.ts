import { ProblemError } from "@mainstay/sdk/call";
import { oneLine } from "../terminal/escape.ts";
import type { Asker } from "../terminal/line-reader.ts";
import type { Screen } from "../terminal/screen.ts";

/** One line when the server is away, one when it is back, however often it is tried in between. */
export interface ConnectionLine {
  on_lost: (cause: Error) => void;
  on_back: () => void;
  isLost: () => boolean;
}

export interface ConnectionLineParts {
  screen: Screen;
  /** Has the question that may be open. */
  asker: Asker | undefined;
}

export function createConnectionLine({ screen, asker }: ConnectionLineParts): ConnectionLine {
  let is_lost = false;
  const say = (line: string) => {
    const write = () => screen.note(line, "dim");
    if (asker) asker.aside(write);
    else write();
  };
  return {
    isLost: () => is_lost,
    on_lost(cause) {
      if (!is_lost) say(`${lossOf(cause)}; waiting for the server …`);
      is_lost = true;
    },
    on_back() {
      if (is_lost) say("The server is back.");
      is_lost = false;
    },
  };
}

function lossOf(cause: Error): string {
  if (!(cause instanceof ProblemError)) return "Connection lost";
  const { title, detail, code } = cause.problem;
  return code === "shutting_down" ? title : oneLine(`${title}: ${detail}`);
}
