/** Shell programs from a grammar: mostly harmless, each piece now and then an attack. */
import { optionsOf } from "./options.ts";
import type { Randomness } from "./randomness.ts";
import {
  ASSIGNMENTS,
  EXPANSIONS,
  FILES,
  FIND_EXPRESSIONS,
  FOLDERS,
  GIT,
  GIT_GLOBALS,
  HOSTILE_NAMES,
  INNER,
  OTHER_PROGRAMS,
  OUTSIDE,
  REDIRECTIONS,
  TEXTS,
  VALUES,
  WRAPPERS,
} from "./vocabulary.ts";

const DEPTH = 3;

export interface Grammar {
  readonly random: Randomness;
  /** Names of the programs that the classifier lists. */
  readonly programs: readonly string[];
  /** How often a piece is an attack. */
  readonly malice: number;
}

export function program(grammar: Grammar): string {
  return list(grammar, DEPTH);
}

function list(grammar: Grammar, depth: number): string {
  const { random } = grammar;
  let text = pipeline(grammar, depth);
  while (random.chance(0.25)) {
    const joint = random.pick([
      "; ",
      " && ",
      " || ",
      "\n",
      "\n\n",
      " ;",
      "&&",
      "||",
      ";\n# note\n",
    ]);
    text += (random.chance(0.03) ? " & " : joint) + pipeline(grammar, depth);
  }
  return text;
}

function pipeline(grammar: Grammar, depth: number): string {
  const { random } = grammar;
  let text = random.chance(0.04) ? random.pick(["! ", "time ", "time -p "]) : "";
  text += command(grammar, depth);
  while (random.chance(0.25))
    text += random.pick([" | ", "|", " |& ", " |\n"]) + command(grammar, depth);
  return text;
}

function command(grammar: Grammar, depth: number): string {
  const { random } = grammar;
  if (depth > 0 && random.chance(0.12)) return compound(grammar, depth - 1);
  if (depth > 0 && random.chance(0.08)) return wrapped(grammar, depth - 1);
  return simple(grammar);
}

function compound(grammar: Grammar, depth: number): string {
  const { random } = grammar;
  const inner = () => list(grammar, depth);
  const expansion = random.pick(EXPANSIONS);
  const folder = random.pick(FOLDERS);
  const forms = [
    () => `{ ${inner()}; }`,
    () => `(${inner()})`,
    () => `( ${inner()} ) > /dev/null`,
    () => `for f in ${operand(grammar)} ${operand(grammar)}; do ${inner()} "$f"; done`,
    () => `for f in *.txt; do cat "$f"; ${inner()}; done`,
    () => `for ((i=0;i<2;i++)); do ${inner()}; done`,
    () => `while read -r l; do echo "$l"; ${inner()}; done < a.txt`,
    () => `while false; do ${inner()}; done`,
    () => `if ${inner()}; then ${inner()}; else ${inner()}; fi`,
    () => `case ${expansion} in a*|b) ${inner()};; *) ${inner()};; esac`,
    () => `[[ ${operand(grammar)} ${random.pick(["==", "=~", "-nt", "-eq", "<"])} ${expansion} ]]`,
    () => `[[ -f ${operand(grammar)} ]] && ${inner()}`,
    () => `(( ${random.pick(["1+1", "a[$(./x)]", "x=1", "i++", "$(./x)"])} ))`,
    () => `f() { ${inner()}; }; f`,
    () => `${random.pick(grammar.programs)}() { ${inner()}; }; ${simple(grammar)}`,
    () =>
      `${simple(grammar)} <<${random.pick(["E", "'E'", '"E"', "\\E", "-E"])}\n${heredoc(grammar)}\nE\n`,
    () => `coproc ${inner()}`,
    () => `select f in a b; do ${inner()}; done`,
    () => `X=${operand(grammar)}; ${simple(grammar)} $X`,
    () => `cd ${operand(grammar)} && ${inner()}`,
    () => `cd ${folder}${random.pick(["; ", " && ", " || ", "\n"])}${inner()}`,
    () => `! cd ${folder} || ${inner()}`,
    () => `if ! cd ${folder}; then ${inner()}; else ${inner()}; fi`,
    () => `for f in *; do ${inner()}; cd ${folder}; done`,
    () => `while read -r l; do ${inner()}; cd ${folder}; done < a.txt`,
  ];
  return random.pick(forms)();
}

function heredoc({ random }: Grammar): string {
  return random.pick([
    "text",
    "$(./x)",
    "`./x`",
    "${X:-$(./x)}",
    "a.txt\nb.txt",
    "/etc/hosts",
    "\\$(./x)",
    "$((1+1))",
    "E \n$(./x)",
  ]);
}

function wrapped(grammar: Grammar, depth: number): string {
  const { random } = grammar;
  const wrapper = random.pick(WRAPPERS);
  if (/^(ba)?sh$|^eval$/.test(wrapper)) {
    const flags =
      wrapper === "eval" ? "" : random.pick(["-c ", "-c ", "-ec ", "-xc ", "-c -- ", "", "-s "]);
    return `${wrapper} ${flags}${quoted(grammar, list(grammar, depth))}`;
  }
  return `${wrapper} ${command(grammar, depth)}`;
}

function simple(grammar: Grammar): string {
  const { random, malice } = grammar;
  const name = random.chance(malice / 4)
    ? random.pick(OTHER_PROGRAMS)
    : random.pick(grammar.programs);
  let text = random.chance(malice) ? `${random.pick(ASSIGNMENTS)} ` : "";
  text += random.chance(malice) ? disguised(grammar, name) : name;
  for (const word of argumentsOf(grammar, name)) text += ` ${word}`;
  if (random.chance(0.1 + malice)) text += ` ${redirection(grammar)}`;
  return text;
}

function redirection({ random, malice }: Grammar): string {
  return random.pick(random.chance(malice * 3) ? REDIRECTIONS : REDIRECTIONS.slice(0, 9));
}

function argumentsOf(grammar: Grammar, name: string): string[] {
  const { random, malice } = grammar;
  const words: string[] = [];
  if (name === "git") return gitArguments(grammar);
  while (random.chance(0.4)) words.push(option(grammar, name));
  const inner = INNER[name === "gawk" || name === "mawk" ? "awk" : name];
  if (inner !== undefined)
    words.push(
      quoted(grammar, random.chance(malice * 2) ? random.pick(inner) : inner[random.below(2)]!),
    );
  else if (/^([efz]?grep|rg|ag|ack)$/.test(name)) words.push(quoted(grammar, random.pick(TEXTS)));
  else if (/^(echo|printf|tr|expr|seq|test|\[)$/.test(name))
    words.push(random.chance(0.5) ? quoted(grammar, random.pick(TEXTS)) : random.pick(VALUES));
  while (random.chance(0.55)) words.push(operand(grammar));
  if (name === "find") while (random.chance(0.6)) words.push(...findWords(grammar));
  if (random.chance(malice)) words.splice(random.below(words.length + 1), 0, "--");
  return words;
}

function findWords(grammar: Grammar): string[] {
  return grammar.random
    .pick(FIND_EXPRESSIONS)
    .split(" ")
    .map((word) => (/^[-\w./]+$/.test(word) ? word : quoted(grammar, word)));
}

function gitArguments(grammar: Grammar): string[] {
  const { random, malice } = grammar;
  const words = random.chance(malice) ? random.pick(GIT_GLOBALS).split(" ") : [];
  const command = random.pick(GIT).split(" ");
  words.push(...command.map((word) => (/^[-\w./=:]+$/.test(word) ? word : quoted(grammar, word))));
  if (random.chance(malice))
    words.push(
      spelled(
        grammar,
        random.pick([
          "-c",
          "--output=PWNED",
          "--ext-diff",
          "--textconv",
          "-O./x",
          "--no-index",
          "--exec=./x",
          "--upload-pack=./x",
          "-p",
          "--",
          "a.txt",
          "..",
          "outfile",
        ]),
      ),
    );
  return words;
}

function option(grammar: Grammar, name: string): string {
  const { random, malice } = grammar;
  const options = optionsOf(name);
  if (options.length === 0 || random.chance(malice))
    return random.pick(["-o", "-n", "-e", "-f", "--output", "-i", "-x", "--version", "-c", "-r"]);
  const { name: full, takes_value } = random.pick(options);
  const value = random.pick(random.chance(malice) ? OUTSIDE : VALUES);
  if (!full.startsWith("--"))
    return cluster(
      grammar,
      full,
      takes_value,
      value,
      options.map((o) => o.name),
    );
  const text = random.chance(0.25) ? full.slice(0, 3 + random.below(full.length - 2)) : full;
  if (!takes_value) return text;
  return random.chance(0.7)
    ? `${text}=${spelled(grammar, value)}`
    : `${text} ${spelled(grammar, value)}`;
}

function cluster(
  { random }: Grammar,
  short: string,
  takes_value: boolean,
  value: string,
  all: readonly string[],
): string {
  const shorts = all.filter((name) => name.length === 2);
  const text = random.chance(0.3) && shorts.length > 0 ? random.pick(shorts) + short[1] : short;
  if (!takes_value) return text;
  return random.chance(0.5) ? text + value : `${text} ${value}`;
}

function operand(grammar: Grammar): string {
  const { random, malice } = grammar;
  if (random.chance(malice)) return spelled(grammar, random.pick(OUTSIDE));
  if (random.chance(malice / 2)) return spelled(grammar, random.pick(HOSTILE_NAMES));
  if (random.chance(malice)) return random.pick(EXPANSIONS);
  return spelled(grammar, random.pick(FILES));
}

/** The same word for the shell, in one of its many spellings. */
export function spelled(grammar: Grammar, word: string): string {
  const { random } = grammar;
  if (/^[-\w./=:,+%@]+$/.test(word) && random.chance(0.75)) return word;
  // An unquoted tilde or glob means something else, which is as good.
  if (random.chance(0.1)) return word;
  return random.chance(0.6) ? quoted(grammar, word) : disguised(grammar, word);
}

const single = (word: string) => `'${word.replaceAll("'", "'\\''")}'`;
const double = (word: string) => `"${word.replaceAll(/[\\"$`]/g, "\\$&")}"`;

function quoted({ random }: Grammar, word: string): string {
  return random.chance(0.6) ? single(word) : double(word);
}

function disguised({ random }: Grammar, word: string): string {
  const at = random.below(word.length + 1);
  const [head, tail] = [word.slice(0, at), word.slice(at)];
  const codes = (radix: number, lead: string) =>
    [...Buffer.from(word)]
      .map((byte) => lead + byte.toString(radix).padStart(radix === 8 ? 3 : 2, "0"))
      .join("");
  return random.pick([
    () => single(head) + double(tail),
    () => head + single(tail),
    () => `${head}""${tail}`,
    () => `${head}''${tail}`,
    () => `${head}\\\n${tail}`,
    () => word.replaceAll(/\w/g, "\\$&"),
    () => `$'${codes(8, "\\")}'`,
    () => `$'${codes(16, "\\x")}'`,
    () => `$"${word}"`,
    () => `{${word},}`,
    () => `\${X:-${word}}`,
    () => `"\${X:-${word}}"`,
    () => `$(echo ${single(word)})`,
    () => `${head}\${X}${tail}`,
    () => `${head}$@${tail}`,
    () => `${head}[${tail.slice(0, 1)}]${tail.slice(1)}`,
  ])();
}
