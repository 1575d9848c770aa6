import type { LineReader } from "./line-reader.ts";
import type { Screen } from "./screen.ts";

/** The person may type the next message meanwhile; it stays below. */
export function aboveTyped(screen: Screen, reader: LineReader): Screen {
  const above = (write: () => void) => (screen.isWithinLine() ? write() : reader.above(write));
  return {
    ...screen,
    print: (line, tone) => above(() => screen.print(line, tone)),
    note: (line, tone) => above(() => screen.note(line, tone)),
    live: (line) => above(() => screen.live(line)),
  };
}
