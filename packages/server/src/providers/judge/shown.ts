import type { Intended } from "./intended.ts";
import { readLenient } from "./lenient-json.ts";
import type { Asked } from "./suspicion.ts";

/** Words that are not the call's own may stand between them, in wrappers and as keys. */
const SPARE_WORDS = 60;

/** Tells what a model repeats of what it was shown, whatever the quotes, white space and wrapping. */
export interface Shown {
  /** The text stands there, word for word. */
  readonly text: (text: string) => boolean;
  /** All words of the call stand there close together, its tool's name or key among them. */
  readonly call: (intended: Intended) => boolean;
}

export function shownTo({ said, messages = [] }: Asked): Shown {
  const texts = [said, ...messages.map(({ text }) => text)].map(wordsOf);
  const joined = texts.map((words) => ` ${words.join(" ")} `);
  return {
    text(text) {
      const words = wordsOf(text);
      return words.length > 1 && joined.some((each) => each.includes(` ${words.join(" ")} `));
    },
    call: (intended) =>
      intended.kind === "call" && texts.some((words) => standIn(words, callWords(intended))),
  };
}

/** Quotes, escapes, entities, white space, and how the words of a key are joined make no difference. */
const wordsOf = (text: string): string[] =>
  text
    .replace(/\\+u([0-9a-f]{4})/gi, (_, code: string) => String.fromCharCode(parseInt(code, 16)))
    .toLowerCase()
    .replace(/[\p{Cf}_-]/gu, "")
    .replace(/\\+[nrtbf]|&(?:quot|apos|amp|lt|gt|#\d{1,5});/g, " ")
    .match(/[\p{L}\p{N}]+/gu) ?? [];

function callWords({ call, label }: Extract<Intended, { kind: "call" }>): string[] {
  const args = Object.entries((readLenient(call.input)?.value ?? {}) as Record<string, unknown>);
  const values = args.filter(([key]) => key !== "intent").map(([, value]) => JSON.stringify(value));
  return [...wordsOf(label), ...values.flatMap(wordsOf)];
}

/** Looks at stretches that overlap by half, so that its work is in proportion. */
function standIn(words: readonly string[], wanted: readonly string[]): boolean {
  const half = wanted.length + SPARE_WORDS;
  for (let from = 0; from < words.length; from += half) {
    const near = new Set(words.slice(from, from + 2 * half));
    if (wanted.every((word) => near.has(word))) return true;
  }
  return false;
}
