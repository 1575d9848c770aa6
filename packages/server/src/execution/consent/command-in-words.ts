import type { LiteralCommand } from "../classify/classify.ts";
import { visibleLine } from "./visible.ts";

const PLAIN_WORD = /^[\p{L}\p{N}_@%+=:,./-]+$/u;

/** `npm test`, or `npm test in packages/cli`: one line, words that are not plain in quotes. */
export function commandInWords({ words, folder }: LiteralCommand): string {
  const told = words.map(quoted).join(" ");
  return folder === "" ? told : `${told} in ${visibleLine(folder)}`;
}

const quoted = (word: string): string =>
  PLAIN_WORD.test(word) ? word : `'${visibleLine(word).replaceAll("'", String.raw`'\''`)}'`;
