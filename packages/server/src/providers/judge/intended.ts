import {
  answerKeys,
  argumentAliases,
  argumentKeys,
  callKeys,
  canonical,
  commandKeys,
  finalNames,
  listKeys,
  nameKeys,
  noiseKeys,
  parametersOf,
  statusKeys,
  thoughtKeys,
  wrapperKeys,
} from "./plan-words.ts";
import { type Offer, type OfferedCall, offeredCall, toolNamed } from "./offered.ts";
import { isAllBlank } from "./blank.ts";
import { readLenient } from "./lenient-json.ts";
import { refuses } from "./suspicion.ts";

/** What a model meant by a plan. */
export type Intended =
  /** `label`: the name, or the key of a command, as the model wrote it. */
  | { readonly kind: "call"; readonly call: OfferedCall; readonly label: string }
  | { readonly kind: "answer"; readonly text: string }
  /** It thought, and meant nobody to see or do anything. */
  | { readonly kind: "nothing" }
  | { readonly kind: "unknown" };

type Members = Record<string, unknown>;

const NOTHING: Intended = { kind: "nothing" };
const UNKNOWN: Intended = { kind: "unknown" };
const DEEPEST = 6;
/** No step makes as many calls. */
const MOST = 100;
/** Names under which a call's own name stands, the plainest first. */
const naming = [...nameKeys];
const namesOf = new Set([...naming, "type"]);
const answering = [...answerKeys, ...argumentKeys];

/** Reads a plan; each step of a list is one. Only calls that an offered tool takes are calls. */
export function intendedBy(value: unknown, offer: Offer, depth = 0): readonly Intended[] {
  if (depth > DEEPEST) return [UNKNOWN];
  if (Array.isArray(value) && value.length > MOST) return [UNKNOWN];
  if (Array.isArray(value)) return value.flatMap((each) => intendedBy(each, offer, depth + 1));
  if (typeof value === "string") return inText(value, offer, depth);
  if (typeof value !== "object" || value === null) return [UNKNOWN];
  const members = value as Members;
  const own = new Map(Object.entries(members).map(([key, each]) => [canonical(key), each]));
  const call = called(members, own, offer);
  if (call !== null) return declines(own, argumentWords(offer)) ? [UNKNOWN] : call;
  const found = listed(own, offer, depth) ?? wrapped(own, offer, depth) ?? [ended(own) ?? UNKNOWN];
  return found.some(({ kind }) => kind === "call") && declines(own, nestedWords)
    ? [UNKNOWN]
    : found;
}

/** Beside a call it says how that fared, or that it is not to be made. */
const declines = (own: Map<string, unknown>, ours: ReadonlySet<string>): boolean =>
  [...own].some(
    ([key, value]) =>
      statusKeys.has(key) ||
      (!ours.has(key) && (value === false || (typeof value === "string" && refuses(value)))),
  );

/** Nothing beside calls that stand deeper is an argument of theirs. */
const nestedWords: ReadonlySet<string> = new Set();

const argumentWords = ({ tools }: Offer): ReadonlySet<string> => {
  const parameters = tools.flatMap(parametersOf).map(canonical);
  const others = Object.values(argumentAliases).flatMap((each) => [...each]);
  const words = new Set([...argumentKeys, ...commandKeys, ...parameters, ...others]);
  words.delete("intent");
  return words;
};

/** A step that is itself the text of an object. */
function inText(text: string, offer: Offer, depth: number): readonly Intended[] {
  const read = /^\s*[[{]/.test(text) ? readLenient(text) : null;
  return read?.complete === true ? intendedBy(read.value, offer, depth + 1) : [UNKNOWN];
}

/** One call: a tool's name with its arguments, or a command. */
function called(members: Members, own: Map<string, unknown>, offer: Offer): Intended[] | null {
  for (const key of namesOf) {
    const name = own.get(key);
    if (typeof name !== "string" || toolNamed(name, offer.tools) === null) continue;
    const call = offeredCall(name, argumentsIn(members, own, key), offer);
    if (call !== null) return [{ kind: "call", call, label: name }];
  }
  const named = own.get("command");
  if (typeof named === "string" && offer.tools.some((tool) => tool.name === named)) {
    const call = offeredCall(named, argumentsIn(members, own, "command"), offer);
    if (call !== null) return [{ kind: "call", call, label: named }];
  }
  return commanded(members, own, offer);
}

function argumentsIn(members: Members, own: Map<string, unknown>, name_key: string): unknown {
  for (const key of argumentKeys) {
    const given = own.get(key);
    if (given === undefined || key === name_key) continue;
    if (typeof given !== "string") return given;
    const read = /^\s*\{/.test(given) ? readLenient(given) : null;
    return read?.complete === true ? read.value : given;
  }
  return without(members, (key) => key === name_key || key === "type" || key === "id");
}

function commanded(members: Members, own: Map<string, unknown>, offer: Offer): Intended[] | null {
  const key = [...commandKeys].find((each) => isCommand(own.get(each)));
  if (key === undefined || !isOfShell(own, offer)) return null;
  const command = commandLine(own.get(key), own.get("args") ?? own.get("arguments"));
  if (command === null) return null;
  const beside = without(
    members,
    (each) => commandKeys.has(each) || noiseKeys.has(each) || BESIDE.has(each),
  );
  const call = offeredCall("shell", { ...beside, command }, offer);
  return call === null ? null : [{ kind: "call", call, label: key }];
}

/** What names a tool beside a command names the shell. */
const isOfShell = (own: Map<string, unknown>, { tools }: Offer): boolean =>
  [...namesOf].every((key) => {
    const name = own.get(key);
    if (name === undefined || name === null) return true;
    return typeof name === "string" && toolNamed(name, tools)?.name === "shell";
  });

/** They were read already. */
const BESIDE = new Set([...namesOf, "args", "arguments"]);

const isCommand = (value: unknown): boolean =>
  (typeof value === "string" && !isAllBlank(value)) ||
  (Array.isArray(value) && value.length > 0 && value.every((word) => typeof word === "string"));

function commandLine(command: unknown, args: unknown): string | null {
  const words = Array.isArray(args) ? args.map(String) : [];
  if (typeof args === "string") return `${String(command)} ${args}`;
  if (args !== undefined && args !== null && !Array.isArray(args)) return null;
  if (typeof command === "string") return [command, ...words.map(quoted)].join(" ");
  return [...(command as string[]), ...words].map(quoted).join(" ");
}

const quoted = (word: string): string =>
  /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;

const without = (members: Members, drops: (key: string) => boolean): Members =>
  Object.fromEntries(Object.entries(members).filter(([key]) => !drops(canonical(key))));

function listed(
  own: Map<string, unknown>,
  offer: Offer,
  depth: number,
): readonly Intended[] | null {
  for (const key of listKeys) {
    const list = own.get(key);
    if (!Array.isArray(list)) continue;
    if (list.length === 0) return [ended(own) ?? NOTHING];
    if (list.length > MOST) return [UNKNOWN];
    if (commandKeys.has(key.replace(/s$/, "")) && list.every((each) => typeof each === "string"))
      return list.flatMap((command) => labelled(key, intendedBy({ command }, offer, depth + 1)));
    return intendedBy(list, offer, depth + 1);
  }
  return null;
}

const labelled = (label: string, found: readonly Intended[]): Intended[] =>
  found.map((each) => (each.kind === "call" ? { ...each, label } : each));

function wrapped(
  own: Map<string, unknown>,
  offer: Offer,
  depth: number,
): readonly Intended[] | null {
  for (const key of callKeys) {
    const inner = own.get(key);
    if (typeof inner === "object" && inner !== null) return intendedBy(inner, offer, depth + 1);
  }
  for (const key of wrapperKeys) {
    const inner = own.get(key);
    if (typeof inner === "object" && inner !== null && own.size === 1)
      return intendedBy(inner, offer, depth + 1);
  }
  return null;
}

/** The end of the work, with or without words for the person; or only thoughts. */
function ended(own: Map<string, unknown>): Intended | null {
  const names = naming.filter((key) => own.has(key)).map((key) => own.get(key));
  const is_final = names.every(
    (name) => name === null || name === false || (typeof name === "string" && isFinal(name)),
  );
  if (!is_final) return null;
  const text = answering.map((key) => wordsOf(own.get(key))).find((words) => words !== null);
  if (text !== undefined && text !== null) return { kind: "answer", text };
  const others = [...own].filter(([key, value]) => !thoughtKeys.has(key) && !isEmpty(value));
  return others.every(([key]) => nameKeys.has(key)) ? NOTHING : null;
}

const isFinal = (name: string): boolean => name === "" || finalNames.has(canonical(name));

const isEmpty = (value: unknown): boolean =>
  value === null ||
  value === false ||
  value === "" ||
  (typeof value === "object" && Object.keys(value).length === 0);

/** Words for a person, also where they stand one level deeper. */
function wordsOf(value: unknown): string | null {
  if (typeof value === "string") return isAllBlank(value) ? null : value;
  if (typeof value === "number") return String(value);
  if (typeof value !== "object" || value === null || Array.isArray(value)) return null;
  const own = new Map(Object.entries(value).map(([key, each]) => [canonical(key), each]));
  const inner = answering.map((key) => own.get(key)).find((each) => typeof each === "string");
  return typeof inner === "string" && !isAllBlank(inner) ? inner : null;
}
