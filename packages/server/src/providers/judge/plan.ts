import type { ToolSpec } from "../../kernel/model.ts";
import { toolNamed } from "./offered.ts";
import {
  argumentKeys,
  callKeys,
  canonical,
  listKeys,
  planKeys,
  strongKeys,
  wrapperKeys,
} from "./plan-words.ts";
import type { Wanted } from "./wanted.ts";

/** What a reply is besides an object in it. */
export interface Frame {
  /** Nothing stands beside it that says something. */
  readonly is_alone: boolean;
  readonly wanted: Wanted;
  readonly tools: readonly ToolSpec[];
  /** The word is one that plans are made of. */
  readonly isKnown: (key: string) => boolean;
}

type Members = Readonly<Record<string, unknown>>;

const DEEPEST = 4;

/** Whether an object, or one of a list, is a plan that no person is meant to read. */
export function isPlan(value: unknown, frame: Frame, depth = 0): boolean {
  if (depth > DEEPEST || typeof value !== "object" || value === null) return false;
  if (Array.isArray(value)) return value.some((each) => isPlan(each, frame, depth + 1));
  const members = value as Members;
  if (isNamedCall(members, frame) || hasPlanKeys(Object.keys(members), frame)) return true;
  return inner(members).some((each) => isPlan(each, frame, depth + 1));
}

/**
 * Some keys no other object has. Others need company: nothing but a plan's words beside them, or no
 * prose that would say what else the object is. Where data was asked for, only those no other object has tell.
 * What the person named themselves tells nothing.
 */
export function hasPlanKeys(keys: readonly string[], frame: Frame): boolean {
  const { wanted, is_alone, isKnown } = frame;
  const is_theirs = (key: string) => wanted.data && wanted.mentions(key);
  if (keys.some((key) => strongKeys.has(canonical(key)) && !is_theirs(key))) return true;
  const hints = keys.filter((key) => planKeys.has(canonical(key)));
  if (wanted.data || hints.length === 0) return false;
  return is_alone || keys.every(isKnown);
}

/** `{"name": "read_file", "arguments": …}` */
function isNamedCall(members: Members, { tools, wanted }: Frame): boolean {
  const keys = Object.keys(members).map(canonical);
  if (!keys.includes("name") || !keys.some((key) => argumentKeys.has(key))) return false;
  const name = members["name"];
  if (typeof name !== "string") return false;
  return (keys.length === 2 && !wanted.data) || toolNamed(name, tools) !== null;
}

/** Where calls stand within an object. */
const inner = (members: Members): unknown[] =>
  Object.entries(members)
    .filter(([key]) => isWrapper(canonical(key)))
    .map(([, value]) => value);

const isWrapper = (key: string): boolean =>
  listKeys.has(key) || callKeys.has(key) || wrapperKeys.has(key);

const KEY = /["'“]?([\p{L}_][\w-]{0,40})\\?["'”]?\s{0,5}:/gu;
const READ_CHARS = 4_000;

/** The keys that stand in a text that cannot be read. */
export const keysIn = (body: string): string[] =>
  [...body.slice(0, READ_CHARS).matchAll(KEY)].map((match) => match[1]!);
