import type { FileStep, Settled } from "../edit.ts";
import { FileRefused } from "../refused.ts";

/** More paths are counted, not named. */
const NAMED = 10;

/** "a and b are untouched, c was not created." */
export function nothingHappened(steps: readonly FileStep[]): string {
  const old = steps.filter(({ before }) => before !== null).map(({ path }) => path);
  const fresh = steps.filter(({ before }) => before === null).map(({ path }) => path);
  const kept = old.length === 0 ? [] : [`${listed(old)} ${isAre(old)} untouched`];
  const missing = fresh.length === 0 ? [] : [`${listed(fresh)} ${wasWere(fresh)} not created`];
  return `${[...kept, ...missing].join(", ")}.`;
}

/** Of an edit that was interrupted, and of which nothing stands. */
export function howLeft({ taken_back, left }: Untouched): string {
  if (taken_back.length + left.length === 0) return "nothing was changed";
  const back = taken_back.length === 0 ? [] : [`taken back: ${taken_back.join(", ")}`];
  const theirs = `changed by somebody since, and left so: ${left.join(", ")}`;
  return [...back, ...(left.length === 0 ? [] : [theirs])].join("; ");
}

type Untouched = Extract<Settled, { state: "untouched" }>;

/** A sentence after the first line of a fault's message; what is below it stays below. */
export function withSentence(fault: unknown, sentence: string): unknown {
  if (!(fault instanceof FileRefused)) return fault;
  const [first = "", ...below] = fault.message.split("\n");
  const message = [`${first}. ${sentence}`, ...below].join("\n");
  return new FileRefused(fault.fault, message, { cause: fault });
}

/** The fault, and what could not be removed after it. */
export const leaving = (fault: unknown, left: readonly string[]): unknown =>
  left.length === 0 ? fault : withSentence(fault, `${left.join("; ")}.`);

export function listed(paths: readonly string[]): string {
  const named = paths.slice(0, NAMED);
  const rest = paths.length - named.length;
  const all = rest > 0 ? [...named, `${rest} more`] : named;
  return all.length < 2 ? all.join("") : `${all.slice(0, -1).join(", ")} and ${all.at(-1)}`;
}

const isAre = (of: readonly string[]) => (of.length === 1 ? "is" : "are");
const wasWere = (of: readonly string[]) => (of.length === 1 ? "was" : "were");
