import { bounds } from "../bounds.ts";
import { nearMiss } from "../near-miss.ts";

/** Says what `sought` (which `what` names) may have meant in a text that does not have it. */
export function noMatch(what: string, name: string, text: string, sought: string): string {
  const missed = `${what} does not occur in ${name}`;
  const near = nearMiss(text, sought);
  switch (near.kind) {
    case "white_space":
      return `${missed}; at line ${near.line} only the white space differs:\n${brief(near.text)}`;
    case "diverges": {
      const found = near.text === null ? "the file ends" : `the file has\n${brief(near.text)}`;
      return (
        `${missed}; it matches from line ${near.from} on, but at line ${near.line} ${found}\n` +
        `where ${what} has\n${brief(near.sought)}`
      );
    }
    case "similar":
      return `${missed}; its first line is most like\n${near.lines.map(numbered).join("\n")}`;
    case "nothing_like_it":
      return `${missed}, nor anything like its first line; read the file again`;
  }
}

const PLACES = 10;

/** "3, 17, 20", or the first ten and how many more. */
export function placesOf(lines: readonly number[]): string {
  const more = lines.length > PLACES ? `, … ${lines.length - PLACES} more` : "";
  return `${lines.slice(0, PLACES).join(", ")}${more}`;
}

const numbered = ({ line, text }: { line: number; text: string }) => `line ${line}: ${brief(text)}`;

const brief = (text: string): string =>
  text.length <= bounds.near_chars ? text : `${text.slice(0, bounds.near_chars)}…`;
