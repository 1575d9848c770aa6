import { commandInWords, quoted } from "./command-in-words.ts";
import type { RuleTerms } from "./rule-match.ts";

/** What rules allow: `npm test`, or `sh check.sh (while check.sh stays as it is)`. */
export const rulesInWords = (terms: readonly RuleTerms[]): string => terms.map(inWords).join("; ");

function inWords(terms: RuleTerms): string {
  const command = commandInWords(terms);
  if (terms.pins.length === 0) return command;
  const files = terms.pins.map(({ path }) => quoted(path));
  const stay = files.length === 1 ? "stays as it is" : "stay as they are";
  return `${command} (while ${files.join(", ")} ${stay})`;
}
