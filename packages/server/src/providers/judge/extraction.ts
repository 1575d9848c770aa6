import type { Intended } from "./intended.ts";
import { promises } from "./suspicion.ts";

/** A plan in a reply whose thoughts were left out. */
export interface Found {
  /** The prose around it: what a model wrote between several plans, and behind a call, comes after. */
  readonly before: string;
  readonly after: string;
  /** Several blocks of code, or inline code in a sentence, are no one plan. */
  readonly is_one: boolean;
  /** It could be nothing but a plan: by keys of its own, or as a model's own way to write calls. */
  readonly is_plain: boolean;
  /** It is lines as ReAct has them, behind which a model makes up what happened. */
  readonly is_lines: boolean;
  readonly intended: readonly Intended[];
  /** It, or a call in it, stands in what the model was shown. */
  readonly was_shown: boolean;
  /** The person asked for data. */
  readonly wants_data: boolean;
}

export type Ruling =
  /** It counts as what it says: its calls are made, its words are the answer. */
  | { readonly rule: "counts" }
  /** It is a quotation or an illustration: part of an answer for the person. */
  | { readonly rule: "quoted" }
  /** It stands where an answer or a call should be. */
  | { readonly rule: "again"; readonly why: string };

/** Tools that change nothing. Any other is called from text only where the text is nothing but the call. */
const READ_ONLY: ReadonlySet<string> = new Set([
  "read_file",
  "list_files",
  "search",
  "command_status",
]);
const PROMISE_WORDS = 30;
const PROMISE_SENTENCES = 2;
/** Fewer words around a plan say nothing of their own. */
const FEW_WORDS = 12;
/** Fewer before it lead to no quotation. */
const LEADING_WORDS = 3;

/**
 * Whether what stands as text in a reply is done, shown, or asked for again. Safe first: a call that is not
 * made costs one more question, one that nobody meant costs a file.
 *
 * 1. A call counts where the reply is nothing but plans, or where it is read-only and stands at the very end,
 *    after a short promise.
 * 2. Code never comes here: only objects, bare or in a block of data or calls, and models' own formats.
 * 3. What the model was shown is never a call, in whatever wrapping it repeats it.
 * 4. Where the person asked for data nothing is a call.
 * 5. Words for the person count wherever nothing comes after them.
 */
export function rulingOn(found: Found): Ruling {
  const { before, after, intended, was_shown } = found;
  const is_whole = isSilent(before) && isSilent(after);
  if (was_shown) return is_whole ? again("it repeats what it was shown") : { rule: "quoted" };
  if (isQuotation(found)) return { rule: "quoted" };
  if (intended.some(({ kind }) => kind === "unknown"))
    return again("an internal plan that no tool takes");
  if (!isSilent(after)) return again("an internal plan with prose behind it");
  const calls = intended.flatMap((each) => (each.kind === "call" ? [each.call.name] : []));
  if (calls.length === 0) return { rule: "counts" };
  if (found.wants_data) return again("a call as text, where data was asked for");
  if (!found.is_one) return again("several plans");
  if (is_whole) return { rule: "counts" };
  if (!isShortPromise(before)) return again("an internal plan behind prose");
  const changing = calls.find((name) => !READ_ONLY.has(name));
  return changing === undefined
    ? { rule: "counts" }
    : again(`a call of ${changing} as text, behind prose`);
}

/** Prose leads to it and says more than that something is about to be done. */
function isQuotation({ before, after, is_plain, is_lines }: Found): boolean {
  const around = `${before}\n${after}`;
  if (wordsIn(before) < LEADING_WORDS || wordsIn(around) <= FEW_WORDS) return false;
  if (sentencesOf(around).some(promises)) return false;
  return !isSilent(after) && !is_lines ? true : !is_plain;
}

function isShortPromise(prose: string): boolean {
  const said = sentencesOf(prose);
  return said.length <= PROMISE_SENTENCES && wordsIn(prose) <= PROMISE_WORDS && promises(prose);
}

const sentencesOf = (prose: string): string[] =>
  prose.split(/(?<=[.!?:])\s+|\n+/).filter((each) => !isSilent(each));

export const wordsIn = (text: string): number => text.match(/[\p{L}\p{N}]+/gu)?.length ?? 0;

const isSilent = (text: string): boolean => wordsIn(text) === 0;

const again = (why: string): Ruling => ({ rule: "again", why });
