import type { Field } from "../words.ts";
import { couldBeOption, type PathDoubt } from "./options.ts";

/** Reading from elsewhere, running, loading; a backslash at a line's end could hide a word. */
const REACHES_OUT = /getline|system|ENVIRON|ARGV|ARGC|PROCINFO|@|\\\s*\n|\r|fflush|close/;
/** `>` compares and `|` is a regular expression's, but after a print they may redirect. */
const MAY_REDIRECT = /print[^]*?(?:>|(?<!\|)\|(?!\|))/;

/** Why a call of awk may do more than print; null when it does not. Options come first, as mawk wants. */
export function awkDoubt(args: readonly Field[], pathDoubt: PathDoubt): string | null {
  const [flags, operands] = afterFlags(args);
  if (flags !== null) return flags;
  const [program, ...files] = operands;
  if (program === undefined) return "awk gets no program";
  if (program.unknown || program.glob) return "awk gets a program that only running it tells";
  if (REACHES_OUT.test(program.text) || MAY_REDIRECT.test(program.text))
    return "its awk program is not one of those that are known to only print";
  for (const file of files) {
    if (file.text.startsWith("-") || (file.glob && couldBeOption(file)))
      return "awk may take an operand for an option";
    const doubt = pathDoubt(file);
    if (doubt !== null) return doubt;
  }
  return null;
}

function afterFlags(args: readonly Field[]): [doubt: string | null, operands: readonly Field[]] {
  for (let at = 0; at < args.length; at++) {
    const { text, unknown, glob } = args[at] ?? { text: "", unknown: true, glob: true };
    if (unknown || glob) return ["awk gets a word that only running it tells", []];
    if (text === "--") return [null, args.slice(at + 1)];
    if (!text.startsWith("-")) return [null, args.slice(at)];
    if (text === "-F" || text === "-v") {
      if (args[++at]?.unknown !== false) return [`awk ${text} gets what only running it tells`, []];
    } else if (!/^-[Fv]./s.test(text)) return [`${text} is not among the known options of awk`, []];
  }
  return [null, []];
}
