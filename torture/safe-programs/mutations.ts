/** Small changes of a program that is known, each of which may turn it into another's. */
import { type Grammar, program, spelled } from "./generator.ts";
import {
  ASSIGNMENTS,
  EXPANSIONS,
  FILES,
  HOSTILE_NAMES,
  OUTSIDE,
  REDIRECTIONS,
  VALUES,
} from "./vocabulary.ts";

const BOUND = 3;
/** Where two parsers may see different things. */
const SEAMS = [
  ..."; & && || | |& ( ) { } ! # ' \" ` $ \\ < > << <<- <<< >& &> * ? [ ] ~ = : , -- - $( ${ $(( )) }} [[ ]] $' $\" ;; @( \\\n".split(
    " ",
  ),
  ...[
    "\n",
    "\r",
    "\r\n",
    "\t",
    "\v",
    "\f",
    "\0",
    "\u00a0",
    "\u2028",
    "\u200b",
    "\u202e",
    "\ufeff",
    "\u001b",
    "\u0085",
    " # ",
    "'\\''",
    "\\\\",
  ],
];

export function mutated(grammar: Grammar, script: string): string {
  let text = script;
  for (let i = 0; i <= grammar.random.below(BOUND); i++) text = changed(grammar, text);
  return text;
}

function changed(grammar: Grammar, text: string): string {
  const { random } = grammar;
  const words = text.split(" ");
  const at = random.below(words.length);
  const place = random.below(text.length + 1);
  const put = (word: string) => words.with(at, word).join(" ");
  const insert = (word: string) => words.toSpliced(at, 0, word).join(" ");
  return random.pick([
    () => text.slice(0, place) + random.pick(SEAMS) + text.slice(place),
    () => text.slice(0, place) + text.slice(place + 1),
    () => put(spelled(grammar, words[at]!)),
    () => put(spelled(grammar, random.pick([...FILES, ...OUTSIDE, ...HOSTILE_NAMES]))),
    () => insert(spelled(grammar, random.pick([...VALUES, ...FILES, ...OUTSIDE]))),
    () => insert(random.pick(EXPANSIONS)),
    () => insert(random.pick(REDIRECTIONS)),
    () => insert(spelled(grammar, random.pick(HOSTILE_NAMES))),
    () => `${random.pick(ASSIGNMENTS)} ${text}`,
    () => put(words[at]!.slice(0, 2 + random.below(6))),
    () => put(`${words[at]}${random.pick(VALUES)}`),
    () => `${text}${random.pick(["; ", " && ", " | ", "\n"])}${program(grammar)}`,
    () => `$(${text})`,
    () => `echo "$(${text})"`,
    () => `${text} <<E\n$(./x)\nE`,
  ])();
}
