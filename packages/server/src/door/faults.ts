import type { InputFault } from "@mainstay/sdk/problem";
import { z } from "zod";
import { counted, describe, quoted } from "./excerpt.ts";

/** Faults told at once; the rest come with the next try. */
const FAULTS_TOLD = 20;
const FIELD_NAME_CHARS = 80;

/** A part of a request; pointers are within it. */
export type Part = "path" | "query string" | "headers" | "body";
const WITHIN: Record<Part, string> = {
  path: " of the path",
  "query string": " of the query string",
  headers: " of the headers",
  body: "",
};

type Issue = z.core.$ZodIssue;
type Path = readonly PropertyKey[];
/** What belongs there, as in "must be …", and what to do. */
interface Demand {
  readonly expected: string;
  readonly fix: string;
}

/** What `schema` finds wrong with `input`, in plain words. `issues` are of `schema.safeParse(input)`. */
export function faultsOf(
  schema: z.ZodType,
  input: unknown,
  issues: readonly Issue[],
): InputFault[] {
  return issues.flatMap((issue) => faultsOfIssue(schema, input, issue)).slice(0, FAULTS_TOLD);
}

/** A fault as one sentence: "`/message` must be a string, got null; send text". */
export function sentenceOf(fault: InputFault, part: Part): string {
  const place = fault.pointer === "" ? `the ${part}` : `\`${fault.pointer}\`${WITHIN[part]}`;
  return `${place} must be ${fault.expected}, got ${fault.got}; ${fault.fix}`;
}

/** RFC 6901. A field's name comes from the client: long ones are cut, control characters escaped. */
export function pointerOf(path: Path): string {
  return path.map((part) => `/${pointerToken(String(part))}`).join("");
}

function pointerToken(name: string): string {
  const short = name.length > FIELD_NAME_CHARS ? `${name.slice(0, FIELD_NAME_CHARS)}…` : name;
  return quoted(short)
    .slice(1, -1)
    .replaceAll('\\"', '"')
    .replaceAll("\\\\", "\\")
    .replaceAll("~", "~0")
    .replaceAll("/", "~1");
}

function faultsOfIssue(schema: z.ZodType, input: unknown, issue: Issue): InputFault[] {
  if (issue.code !== "unrecognized_keys") {
    return [faultAt(issue.path, input, demandOf(issue, valueAt(input, issue.path)))];
  }
  const known = knownFields(schema, issue.path);
  return issue.keys.map((key) => faultAt([...issue.path, key], input, unknownField(known)));
}

function faultAt(path: Path, input: unknown, demand: Demand): InputFault {
  const got = describe(valueAt(input, path), String(path.at(-1) ?? ""));
  return { pointer: pointerOf(path), expected: demand.expected, got, fix: demand.fix };
}

function demandOf(issue: Issue, value: unknown): Demand {
  const demand = ruleOf(issue);
  return value === undefined && issue.path.length > 0
    ? { expected: demand.expected, fix: `add it: ${demand.fix}` }
    : demand;
}

function ruleOf(issue: Issue): Demand {
  switch (issue.code) {
    case "invalid_type":
      return TYPES[issue.expected] ?? send(`of type ${issue.expected}`);
    case "invalid_value":
      return oneOf(issue.values);
    case "too_small":
      return send(sized(issue.origin, issue.minimum, issue.inclusive ? "at least" : "more than"));
    case "too_big":
      return send(sized(issue.origin, issue.maximum, issue.inclusive ? "at most" : "less than"));
    case "not_multiple_of":
      return send(`a multiple of ${issue.divisor}`);
    case "invalid_format":
      return issue.format === "regex"
        ? { expected: issue.message, fix: "send it in this form" }
        : send(FORMATS[issue.format] ?? `text in the format ${issue.format}`);
    case "invalid_union":
      return alternatives(issue);
    case "invalid_key":
      return { expected: `under a name that is ${innerRule(issue).expected}`, fix: "rename it" };
    case "invalid_element":
      return innerRule(issue);
    case "unrecognized_keys":
      return unknownField([]);
    case "custom":
      return send(issue.message);
  }
}

const innerRule = ({ issues: [first], message }: { issues: Issue[]; message: string }): Demand =>
  first === undefined ? send(message) : ruleOf(first);

const TYPES: Record<string, Demand> = {
  string: { expected: "a string", fix: "send text" },
  number: { expected: "a number", fix: "send a number" },
  int: { expected: "a whole number", fix: "send a number without a fraction" },
  boolean: { expected: "a boolean", fix: "send true or false" },
  null: { expected: "null", fix: "send null" },
  object: { expected: "an object", fix: "send a JSON object" },
  record: { expected: "an object", fix: "send a JSON object" },
  array: { expected: "an array", fix: "send a JSON array" },
};

const FORMATS: Record<string, string> = {
  datetime: "a time like 2026-01-31T12:00:00Z",
  url: "a URL",
  uuid: "a UUID",
};

const send = (expected: string): Demand => ({ expected, fix: `send ${expected}` });

function oneOf(values: readonly unknown[]): Demand {
  return send(orList(values.map((value) => JSON.stringify(value) ?? String(value))));
}

const SIZES: Record<string, readonly [lead: string, noun: string]> = {
  string: ["text of ", "character"],
  array: ["an array of ", "item"],
  set: ["an array of ", "item"],
};

function sized(origin: string, bound: number | bigint, relation: string): string {
  const [lead, noun] = SIZES[origin] ?? ["a number of ", ""];
  const size = noun === "" ? String(bound) : counted(Number(bound), noun);
  return `${lead}${relation} ${size}`;
}

function alternatives(issue: Extract<Issue, { code: "invalid_union" }>): Demand {
  if ("options" in issue && Array.isArray(issue.options)) return oneOf(issue.options);
  const branches = issue.errors.flatMap((errors) => errors.slice(0, 1).map(ruleOf));
  return branches.length === 0
    ? send("one of the allowed shapes")
    : { expected: distinct(branches, "expected"), fix: distinct(branches, "fix") };
}

const distinct = (demands: readonly Demand[], part: keyof Demand): string =>
  orList([...new Set(demands.map((demand) => demand[part]))]);

const orList = (words: readonly string[]): string =>
  words.length < 2
    ? words.join("")
    : `${words.slice(0, -1).join(", ")} or ${words[words.length - 1]}`;

function unknownField(known: readonly string[]): Demand {
  return known.length === 0
    ? { expected: "left out", fix: "remove it" }
    : {
        expected: `left out (the fields here are ${known.join(", ")})`,
        fix: "remove or rename it",
      };
}

/** The names that the object at `path` may have; empty where the schema there is no plain object. */
function knownFields(schema: z.ZodType, path: Path): string[] {
  let here: unknown = schema;
  for (const part of path) here = inside(unwrapped(here), part);
  const object = unwrapped(here);
  return object instanceof z.ZodObject ? Object.keys(object.shape) : [];
}

function unwrapped(schema: unknown): unknown {
  let inner = schema;
  while (inner instanceof z.ZodOptional || inner instanceof z.ZodNullable) inner = inner.unwrap();
  return inner;
}

function inside(schema: unknown, part: PropertyKey): unknown {
  if (schema instanceof z.ZodArray) return schema.element;
  return schema instanceof z.ZodObject ? schema.shape[String(part)] : undefined;
}

function valueAt(input: unknown, path: Path): unknown {
  let value = input;
  for (const part of path) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, part))
      return undefined;
    value = (value as Record<PropertyKey, unknown>)[part];
  }
  return value;
}
