import { type Field, literalField } from "../words.ts";

/**
 * What may follow a program's name. `options` is a list of flags, each exactly as it must be written:
 *
 *   -n        takes nothing; short ones may be bundled
 *   -n:       takes a value, attached or as the next word
 *   --sort=   may take a value, attached only
 *   -f@       takes a path to read
 *   --arg::   takes two values
 *   -e:!      as -e:, and gives the pattern, so that every operand is a path
 *   -#        a number as an option, as in `head -20`
 *
 * What is not in the list is not allowed; an abbreviation never is in the list.
 */
export interface Allowed {
  readonly options: string;
  readonly operands: Operands;
  /**
   * No option of the program does harm, so that a file named like one does none either; or none that a
   * name matched by such a pattern could be.
   */
  readonly harmless?: boolean | RegExp;
  /** One of these must be given: without it the program does something else. */
  readonly requires?: readonly string[];
  /** Short options are whole words, as in `-ps`, and end at the first operand, `--` too. */
  readonly unbundled?: boolean;
  /** `@file` stands for options in a file. */
  readonly at_files?: boolean;
  /** With one of these it goes through the links that it meets. */
  readonly follows?: readonly string[];
  /** It goes through the links in folders among its operands. */
  readonly enters?: boolean;
  /** What it appends to an operand that is not there. */
  readonly endings?: readonly string[];
  /** Operands that mean something else. */
  readonly refuses?: RegExp;
  /** Judges values of options where any text is not enough. */
  readonly value?: (option: string, value: string) => string | null;
  /** Judges the first operand of `pattern then paths`. */
  readonly pattern?: (pattern: string) => string | null;
}

export type Operands =
  | "none"
  | "text"
  | "paths"
  | "at most one path"
  | "pattern, then paths"
  | "path, then text";

/** Why a path may not be read, with all below it if it is `deep`; null when it lies in the workspace. */
export type PathDoubt = (field: Field, deep?: boolean) => string | null;

type Takes = {
  readonly values: 0 | 1 | 2;
  readonly kind: "" | ":" | "=" | "@" | "::" | ":@";
  readonly is_pattern: boolean;
};

const FLAG = /^(--?[^:@=!#]*|-#)(::|:@|:|@|=)?(!)?$/;
const parsed = new Map<string, ReadonlyMap<string, Takes>>();

function table(options: string): ReadonlyMap<string, Takes> {
  const known = parsed.get(options);
  if (known !== undefined) return known;
  const made = new Map<string, Takes>();
  for (const flag of options.split(/\s+/).filter(Boolean)) {
    const [, name = "", kind = "", pattern] = FLAG.exec(flag) ?? [];
    const values = kind === "" || kind === "=" ? 0 : kind === ":" || kind === "@" ? 1 : 2;
    made.set(name, { values, kind: kind as Takes["kind"], is_pattern: pattern === "!" });
  }
  parsed.set(options, made);
  return made;
}

/** Why these arguments are not known to be harmless; null when they are. */
export function doubtOf(
  program: string,
  args: readonly Field[],
  allowed: Allowed,
  pathDoubt: PathDoubt,
): string | null {
  const flags = table(allowed.options);
  const operands: Field[] = [];
  const given = new Set<string>();
  let pattern_given = false;
  let only_operands = false;

  for (let at = 0; at < args.length; at++) {
    const field = args[at];
    if (field === undefined) break;
    const { text } = field;
    if (only_operands || (!field.unknown && !text.startsWith("-")) || text === "-") {
      if (!only_operands && field.glob && couldBeOption(field) && !isHarmless(allowed, text))
        return `a file named like an option would become one: ${program} ${field.written}`;
      operands.push(field);
      only_operands ||= allowed.unbundled === true;
      continue;
    }
    if (field.unknown) {
      if (allowed.harmless !== true) return `${program} gets a word that only running it tells`;
      operands.push(field);
      continue;
    }
    if (field.glob) return `${program} gets an option that names of files complete`;
    if (text === "--") {
      only_operands = true;
      continue;
    }
    for (const used of flagsIn(text, flags, allowed)) {
      if (used.takes === undefined) return unknownOption(program, used.name);
      given.add(used.name);
      pattern_given ||= used.takes.is_pattern;
      const values: Field[] = used.attached === null ? [] : [{ ...field, text: used.attached }];
      while (values.length < used.takes.values) {
        const next = args[++at];
        if (next === undefined) return `${used.name} of ${program} lacks its value`;
        if (next.glob) return `names of files take the place of a value of ${program}`;
        values.push(next);
      }
      const doubt = valueDoubt(program, used.name, used.takes, values, allowed, pathDoubt);
      if (doubt !== null) return doubt;
    }
  }
  if (allowed.requires !== undefined && !allowed.requires.some((flag) => given.has(flag)))
    return `${program} does more than read without ${allowed.requires.join(" or ")}`;
  const deep = allowed.follows?.some((flag) => given.has(flag)) === true;
  const reach: PathDoubt = (field) => {
    const names = ["", ...(allowed.endings ?? [])].map((end) => field.text + end);
    const doubts = names.map((text) => pathDoubt({ ...field, text }, deep || allowed.enters));
    return doubts.find((doubt) => doubt !== null) ?? null;
  };
  const refused = operands.find(({ text }) => allowed.refuses?.test(text) === true);
  if (refused !== undefined) return `${refused.written} means something of its own to ${program}`;
  const implied = deep ? pathDoubt(HERE, deep) : null;
  return operandsDoubt(program, operands, allowed, pattern_given, reach) ?? implied;
}

/** Where a program looks that gets no operand. */
const HERE = literalField(".");

const isHarmless = ({ harmless }: Allowed, pattern: string): boolean =>
  harmless instanceof RegExp ? harmless.test(pattern) : harmless === true;

/** A pattern that begins with a wildcard also matches names that begin with a dash. */
export const couldBeOption = ({ text }: Field): boolean => /^[-*?[]/.test(text);

interface Used {
  readonly name: string;
  readonly takes: Takes | undefined;
  readonly attached: string | null;
}

/** The options in one word: a long one, or a bundle of short ones. */
function flagsIn(text: string, flags: ReadonlyMap<string, Takes>, allowed: Allowed): Used[] {
  if (/^-\d+$/.test(text) && flags.has("-#"))
    return [{ name: "-#", takes: flags.get("-#"), attached: null }];
  if (allowed.unbundled === true || text.startsWith("--")) return [wholeFlag(text, flags)];
  const found: Used[] = [];
  for (let at = 1; at < text.length; at++) {
    const name = `-${text[at]}`;
    const takes = flags.get(name);
    const rest = text.slice(at + 1);
    const takes_rest = takes !== undefined && takes.kind !== "" && rest !== "";
    found.push({ name, takes, attached: takes_rest ? rest : null });
    if (takes === undefined || takes_rest) break;
  }
  return found;
}

function wholeFlag(text: string, flags: ReadonlyMap<string, Takes>): Used {
  const equals = text.indexOf("=");
  const name = equals === -1 ? text : text.slice(0, equals);
  const takes = flags.get(name);
  const attached = equals === -1 ? null : text.slice(equals + 1);
  const refuses = attached !== null && (takes?.kind === "" || takes?.values === 2);
  return { name, takes: refuses ? undefined : takes, attached };
}

function valueDoubt(
  program: string,
  option: string,
  takes: Takes,
  values: readonly Field[],
  allowed: Allowed,
  pathDoubt: PathDoubt,
): string | null {
  for (const [at, value] of values.entries()) {
    const is_path = takes.kind === "@" || (takes.kind === ":@" && at === 1);
    if (is_path) {
      const doubt = pathDoubt(value);
      if (doubt !== null) return doubt;
    }
    if (value.unknown) return `${option} of ${program} gets what only running it tells`;
    const doubt = allowed.value?.(option, value.text) ?? null;
    if (doubt !== null) return doubt;
  }
  return null;
}

function operandsDoubt(
  program: string,
  operands: readonly Field[],
  allowed: Allowed,
  pattern_given: boolean,
  pathDoubt: PathDoubt,
): string | null {
  const at_file = operands.find(({ text }) => allowed.at_files === true && text.startsWith("@"));
  if (at_file !== undefined) return `${at_file.written} stands for options in a file`;
  const [first] = operands;
  switch (allowed.operands) {
    case "none":
      return first === undefined ? null : `${program} with ${first.written} may change something`;
    case "text":
      return null;
    case "paths":
      return firstDoubt(operands, pathDoubt);
    case "at most one path":
      if (operands.length > 1 || first?.glob === true)
        return `the second file that ${program} gets is written to`;
      return firstDoubt(operands, pathDoubt);
    case "path, then text":
      return firstDoubt(operands.slice(0, 1), pathDoubt);
    case "pattern, then paths": {
      if (pattern_given) return firstDoubt(operands, pathDoubt);
      if ((first?.unknown || first?.glob) && allowed.pattern !== undefined)
        return `${program} gets a program that only running it tells`;
      const doubt = first === undefined ? null : (allowed.pattern?.(first.text) ?? null);
      // Of the names that a pattern of the shell becomes only the first is the pattern.
      return doubt ?? firstDoubt(operands.slice(first?.glob === true ? 0 : 1), pathDoubt);
    }
  }
}

function firstDoubt(operands: readonly Field[], pathDoubt: PathDoubt): string | null {
  for (const operand of operands) {
    const doubt = operand.text === "-" ? null : pathDoubt(operand);
    if (doubt !== null) return doubt;
  }
  return null;
}

/** What some options do, for whoever is asked. Only words: without these they would not be allowed either. */
const told: readonly (readonly [option: RegExp, does: string])[] = [
  [/^(-o|--output|--output-file|--out|-fprint.*|-fls|--tee)$/, "writes a file"],
  [/^(-i|--in-place|--inplace)$/, "changes files in place"],
  [
    /^(--pre|--compress-program|--use-compress-program|-I|--to-command|--pager|-O|--open-files-in-pager)$/,
    "runs a program",
  ],
  [
    /^(-exec|-execdir|-ok|-okdir|-x|-X|--exec|--exec-batch|--ext-diff|--textconv)$/,
    "runs a program",
  ],
  [/^(-f|--follow|-F|--retry)$/, "may not end by itself"],
  [/^(-delete|--delete|--remove-files)$/, "deletes files"],
];

function unknownOption(program: string, option: string): string {
  const does = told.find(([pattern]) => pattern.test(option))?.[1];
  if (does !== undefined) return `\`${program} ${option}\` ${does}`;
  return `${option} is not among the options of ${program} that are known to only read`;
}
