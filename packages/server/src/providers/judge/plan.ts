import { readLenient } from "./lenient-json.ts";
import { callKeys, canonical, listKeys, argumentKeys, planKeys, strongKeys } from "./plan-words.ts";
import type { Wanted } from "./wanted.ts";

/** What a reply is besides an object in it. */
export interface Frame {
  /** Nothing that says something stands beside it. */
  readonly is_alone: boolean;
  readonly wanted: Wanted;
  readonly isKnown: (key: string) => boolean;
  /** It is, as it stands, a call that an offered tool takes. */
  readonly isCall: (value: unknown) => boolean;
}

type Members = Record<string, unknown>;

const DEEPEST = 4;
const VALUES = 100;

/** The values of a text that holds nothing but objects, and whether all of them are whole. */
export interface Values {
  readonly values: readonly unknown[];
  readonly complete: boolean;
}

/** Null where it is no JSON, however leniently read. */
export function valuesIn(body: string): Values | null {
  const values: unknown[] = [];
  let complete = true;
  let at = nextOpening(body, 0);
  while (at >= 0 && values.length < VALUES) {
    const read = readLenient(body, at);
    if (read === null) return values.length === 0 ? null : { values, complete: false };
    values.push(decoded(read.value));
    complete &&= read.complete;
    at = nextOpening(body, read.end);
  }
  return values.length === 0 ? null : { values, complete };
}

function nextOpening(body: string, from: number): number {
  const found = body.slice(from).search(/[[{"]/);
  return found < 0 ? -1 : from + found;
}

/** The text of a JSON string may be an object again. */
function decoded(value: unknown): unknown {
  if (typeof value !== "string" || !/^\s*[[{]/.test(value)) return value;
  return readLenient(value)?.value ?? value;
}

/** Whether an object, or one of a list, is a plan that no person is meant to read. */
export function isPlan(value: unknown, frame: Frame, depth = 0): boolean {
  if (depth > DEEPEST) return false;
  if (Array.isArray(value)) return value.some((each) => isPlan(each, frame, depth + 1));
  if (typeof value !== "object" || value === null) return false;
  const members = value as Members;
  const keys = Object.keys(members);
  if (holdsPlanKeys(keys, frame)) return true;
  return inner(members, frame).some((each) => isPlan(each, frame, depth + 1));
}

function holdsPlanKeys(keys: readonly string[], frame: Frame): boolean {
  const { wanted, is_alone, isKnown } = frame;
  const telling = keys.filter((key) => strongKeys.has(canonical(key)));
  if (telling.some((key) => !wanted.data || !wanted.mentions(key))) return true;
  const hints = keys.filter((key) => planKeys.has(canonical(key)));
  if (hints.length === 0 && !isNamedCall(keys)) return false;
  if (is_alone && !wanted.data) return true;
  return keys.every(isKnown) && !(wanted.data && hints.some(wanted.mentions));
}

/** `{"name": …, "arguments": …}` */
const isNamedCall = (keys: readonly string[]): boolean =>
  keys.includes("name") && keys.some((key) => argumentKeys.has(canonical(key)));

/** Where calls stand within an object; where nothing else is said, they may stand under any one key. */
function inner(members: Members, frame: Frame): unknown[] {
  const values = Object.entries(members);
  if (values.length === 1 && !frame.wanted.data) return values.map(([, value]) => value);
  return values
    .filter(([key]) => listKeys.has(canonical(key)) || callKeys.has(canonical(key)))
    .map(([, value]) => value);
}

/** What cannot be read is judged by the keys that stand in it. */
export function looksLikePlan(body: string, frame: Frame): boolean {
  const keys = [...body.slice(0, 4_000).matchAll(/["']?([\p{L}_][\w-]{0,40})\\?["']?\s{0,5}:/gu)];
  return holdsPlanKeys(
    keys.map((match) => match[1]!),
    frame,
  );
}
