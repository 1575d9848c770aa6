import type { LiteralCommand } from "../classify/classify.ts";
import { visibleLine } from "./visible.ts";

const PLAIN_WORD = /^[\w@%+=:,./-]+$/;

/**
 * `npm test`, or `npm test (in packages/cli)`: one line. Words that are not plain stand in quotes, so
 * that two commands do not read alike.
 */
export function commandInWords({ words, folder }: LiteralCommand): string {
  const told = words.map(quoted).join(" ");
  return folder === "" ? told : `${told} (in ${quoted(folder)})`;
}

export const quoted = (word: string): string =>
  PLAIN_WORD.test(word) ? word : `'${visibleLine(word).replaceAll("'", String.raw`'\''`)}'`;
