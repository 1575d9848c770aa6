import { posix } from "node:path";
import type { Classified, LiteralCommand } from "../classify/classify.ts";
import { holdsAll, type Pinning } from "./pins.ts";

export interface RulePin {
  readonly path: string;
  readonly sha256: string;
}

/** What a rule allows: these words in this folder, while these files have these bytes. */
export interface RuleTerms {
  readonly folder: string;
  readonly words: readonly string[];
  readonly pins: readonly RulePin[];
}

/** Longer words than a person can judge at a glance are asked about each time. */
const WORDS_CHARS = 2_000;
/** A command that would need more rules than this is asked about. */
const PARTS = 4;

export type Rulable =
  | { readonly possible: true; readonly terms: readonly RuleTerms[] }
  | { readonly possible: false; readonly why: string };

/** The rules by which a command like this one would run from now on; or why no rule can say that. */
export function ruleTermsFor(
  { verdict, reason, asks }: Pick<Classified, "verdict" | "reason" | "asks">,
  pinning: Pinning,
): Rulable {
  if (verdict === "safe") return impossible("it runs unasked already: it only reads");
  if (verdict === "blocked") return impossible(`it is blocked: ${reason}`);
  if (asks === null || asks.length === 0)
    return impossible("it is more than plain commands: words are not enough to say what it does");
  if (asks.length > PARTS) return impossible(`it needs consent for more than ${PARTS} commands`);
  if (asks.some(({ words }) => words.join(" ").length > WORDS_CHARS))
    return impossible(`it has more than ${WORDS_CHARS} characters`);
  if (!holdsAll(pinning)) return impossible("it runs code of this workspace that cannot be pinned");
  return { possible: true, terms: ruleTermsOf(asks, pinning.pins) };
}

/** Of parts that rules can say, with the programs they run. */
export const ruleTermsOf = (
  asks: readonly LiteralCommand[],
  pins: readonly RulePin[],
): readonly RuleTerms[] => asks.map((each) => termsOf(each, asks, pins));

const impossible = (why: string): Rulable => ({ possible: false, why });

/** A program that no part names by its path is a condition of every part. */
function termsOf(
  { folder, words }: LiteralCommand,
  asks: readonly LiteralCommand[],
  pins: readonly RulePin[],
): RuleTerms {
  const own = pins.filter(
    ({ path }) => names({ folder, words }, path) || !asks.some((each) => names(each, path)),
  );
  return { folder, words, pins: own.map(({ path, sha256 }) => ({ path, sha256 })) };
}

const names = ({ folder, words }: LiteralCommand, path: string): boolean =>
  words.some((word) => posix.normalize(posix.join(folder, word)) === path);

/**
 * The rules that agree to a command: one for each part that is not safe, each with its programs at
 * the bytes of now, together covering every program that runs. Null where a part has none.
 */
export function agreeingRules<R extends RuleTerms>(
  { asks }: Pick<Classified, "asks">,
  pinning: Pinning,
  rules: readonly R[],
): readonly R[] | null {
  if (asks === null || asks.length === 0 || asks.length > PARTS || !holdsAll(pinning)) return null;
  const now = new Map(pinning.pins.map(({ path, sha256 }) => [path, sha256]));
  const found = asks.map((each) => rules.find((rule) => covers(rule, each, now)));
  const agreeing = found.filter((rule) => rule !== undefined);
  if (agreeing.length < asks.length) return null;
  const covered = new Set(agreeing.flatMap(({ pins }) => pins.map(({ path }) => path)));
  return [...now.keys()].every((path) => covered.has(path)) ? [...new Set(agreeing)] : null;
}

export interface OutgrownRule<R> {
  readonly rule: R;
  /** Their bytes are not what the rule was made for. */
  readonly changed: readonly string[];
}

/** A rule of these very words that agrees no more, because of what the command runs; null where none is. */
export function outgrownRule<R extends RuleTerms>(
  { asks }: Pick<Classified, "asks">,
  { pins }: Pinning,
  rules: readonly R[],
): OutgrownRule<R> | null {
  const now = new Map(pins.map(({ path, sha256 }) => [path, sha256]));
  for (const each of asks ?? []) {
    const alike = rules.filter((rule) => isOf(rule, each));
    if (alike.some((rule) => covers(rule, each, now))) continue;
    const [rule] = alike;
    if (rule === undefined) continue;
    const changed = rule.pins.filter(({ path, sha256 }) => now.get(path) !== sha256);
    return { rule, changed: changed.map(({ path }) => path) };
  }
  return null;
}

const isOf = (rule: RuleTerms, { folder, words }: LiteralCommand): boolean =>
  rule.folder === folder &&
  rule.words.length === words.length &&
  rule.words.every((word, i) => word === words[i]);

const covers = (
  rule: RuleTerms,
  command: LiteralCommand,
  now: ReadonlyMap<string, string>,
): boolean =>
  isOf(rule, command) && rule.pins.every(({ path, sha256 }) => now.get(path) === sha256);
