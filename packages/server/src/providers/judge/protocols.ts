import type { ToolSpec } from "../../kernel/model.ts";
import { readLenient } from "./lenient-json.ts";
import { toolNamed } from "./offered.ts";
import { type Values, valuesIn } from "./values.ts";

/** Calls past it are not read: no step makes as many. */
const MOST = 100;

/** The calls that a text in some model's own format holds, as objects; null where none can be read. */
export const protocolValues = (text: string, tools: readonly ToolSpec[]): Values | null =>
  harmony(text) ??
  elements(text) ??
  argKeys(text) ??
  toolTags(text, tools) ??
  namedObjects(text, tools);

const whole = (values: readonly unknown[]): Values | null =>
  values.length === 0 ? null : { values, complete: true };

const CHANNEL = /<\|channel\|>\s*(\w+)([^<]{0,200})(?:<\|constrain\|>\s*\w+\s*)?<\|message\|>/g;

/** `<|channel|>commentary to=functions.read_file <|constrain|>json<|message|>{…}<|call|>` */
function harmony(text: string): Values | null {
  const values = [...text.matchAll(CHANNEL)].slice(0, MOST).map((match) => {
    const [all, channel, header = ""] = match;
    const said = upTo(text, match.index + all.length, "<|");
    const name = /to=([\w.]+)/.exec(header)?.[1];
    if (name !== undefined)
      return { tool_name: name, tool_input: valuesIn(said)?.values[0] ?? said };
    return channel === "final" ? { final_answer: said.trim() } : { thought: said };
  });
  return whole(values);
}

/**
 * What of such a text is neither call nor mark of its format. Elements count with all that is in them, a
 * channel with what is said on it.
 */
export function proseBeside(text: string, tools: readonly ToolSpec[]): string {
  const body = text.replace(/｜/g, "|").replace(/▁/g, "_");
  const endOfMark = markEnds(body);
  const words: string[] = [];
  let at = 0;
  for (let marks = 0; at < body.length && marks < 10 * MOST; marks += 1) {
    WORDS.lastIndex = at;
    const word = WORDS.exec(body)?.[0] ?? "";
    words.push(...word.split(/\s+/).filter((each) => !isMark(each, tools)));
    at += word.length;
    at = at < body.length ? endOfMark(at) : at;
  }
  return [...words, body.slice(at)].join(" ").trim();
}

const WORDS = /[^<{[]*/y;
const TAG_AT = /<([\w:-]+)?[^<>\n]{0,200}>/y;

/** Values that cannot be read may each cost a look at all that follows. */
const MOST_UNREADABLE = 10;

/** Tells where the value, or the element, ends that begins at a place; asked from left to right. */
function markEnds(body: string): (at: number) => number {
  const unclosed = new Set<string>();
  let unreadable = 0;

  function endOfValue(at: number): number {
    const read = unreadable < MOST_UNREADABLE ? readLenient(body, at) : null;
    if (read?.complete === true && typeof read.value === "object") return read.end;
    unreadable += 1;
    return at + 1;
  }

  function endOfElement(at: number): number {
    TAG_AT.lastIndex = at;
    const [tag = "<", name = ""] = TAG_AT.exec(body) ?? [];
    const end = at + tag.length;
    if (tag === "<|message|>") return end + upTo(body, end, "<|").length;
    const close = name === "" || unclosed.has(name) ? -1 : body.indexOf(`</${name}>`, end);
    if (close >= 0) return close + name.length + 3;
    unclosed.add(name);
    return end;
  }

  return (at) => (body[at] === "<" ? endOfElement(at) : endOfValue(at));
}

const FORMAT_WORDS =
  /^(?:to=|functions?\b|functools$|json$|args$|tool_calls?$|tool_request$|function_call$|assistant$|analysis$|commentary$|final$)/;

function isMark(word: string, tools: readonly ToolSpec[]): boolean {
  const bare = word.toLowerCase().replace(/[^\p{L}\p{N}_.=:]|:\d+$/gu, "");
  return bare === "" || FORMAT_WORDS.test(bare) || tools.some(({ name }) => name === bare);
}

function upTo(text: string, from: number, end: string): string {
  const at = text.indexOf(end, from);
  return text.slice(from, at < 0 ? undefined : at);
}

const NAMED =
  /<(?:antml:)?(?:invoke|function|tool)(?:\s+name\s*=\s*|=)["']?([\w.-]{1,80})["']?\s*>/g;
const PARAMETER = /<(?:antml:)?parameter(?:\s+name\s*=\s*|=)["']?([\w.-]{1,80})["']?[^>]{0,40}>/g;

/** `<invoke name="read_file"><parameter name="path">…`, `<function=read_file>{…}` */
function elements(text: string): Values | null {
  const found = [...text.matchAll(NAMED)].slice(0, MOST);
  const values = found.map((match, i) => {
    const body = text.slice(match.index + match[0].length, found[i + 1]?.index);
    return {
      tool_name: match[1],
      tool_input: parametersIn(body) ?? valuesIn(body)?.values[0] ?? {},
    };
  });
  return whole(values);
}

function parametersIn(body: string): Record<string, unknown> | null {
  const found = [...body.matchAll(PARAMETER)].slice(0, MOST);
  const pairs = found.map((match): [string, unknown] => {
    const value = upTo(body, match.index + match[0].length, "</");
    return [match[1]!, valueOf(value)];
  });
  return pairs.length === 0 ? null : Object.fromEntries(pairs);
}

/** Text of markup: numbers and truths are meant as such, a line break at either end is not. */
function valueOf(text: string): unknown {
  const bare = text.replace(/^\r?\n|\r?\n$/g, "");
  if (/^(?:-?\d{1,15}|true|false)$/.test(bare.trim())) return JSON.parse(bare.trim());
  return bare
    .replaceAll("&lt;", "<")
    .replaceAll("&gt;", ">")
    .replaceAll("&quot;", '"')
    .replaceAll("&amp;", "&");
}

const ARG_CALL = /<tool_call>\s*([\w.-]{1,80})\s*<arg_key>/g;

/** `<tool_call>read_file<arg_key>path</arg_key><arg_value>a.txt</arg_value></tool_call>` */
function argKeys(text: string): Values | null {
  const found = [...text.matchAll(ARG_CALL)].slice(0, MOST);
  const values = found.map((match, i) => {
    const own = text.slice(match.index, found[i + 1]?.index);
    const parts = upTo(own, 0, "</tool_call>").split("<arg_key>").slice(1);
    const pairs = parts.map((part): [string, unknown] => {
      const [key = "", value = ""] = part.split("<arg_value>");
      return [upTo(key, 0, "</").trim(), valueOf(upTo(value, 0, "</"))];
    });
    return { tool_name: match[1], tool_input: Object.fromEntries(pairs) };
  });
  return whole(values);
}

const TAG = /<([a-z]\w{1,60})>/gi;
const END_TAG = /<\/[a-z]\w{1,60}>/gi;

/** `<read_file><path>a.txt</path></read_file>`, `<execute_bash>ls</execute_bash>` */
function toolTags(text: string, tools: readonly ToolSpec[]): Values | null {
  const ends = new Set(text.match(END_TAG));
  const isTool = (name: string) => toolNamed(name, tools) !== null;
  const found = outermost(text, (name) => ends.has(`</${name}>`) && isTool(name));
  return whole(
    found.map(({ name, body }) => ({
      tool_name: name,
      tool_input: childrenOf(body) ?? valuesIn(body)?.values[0] ?? body.trim(),
    })),
  );
}

function childrenOf(body: string): Record<string, unknown> | null {
  const found = outermost(body, () => true);
  if (found.length === 0) return null;
  return Object.fromEntries(found.map((child) => [child.name, valueOf(child.body)]));
}

interface Element {
  readonly name: string;
  readonly body: string;
}

/** The elements of these names that lie in no other of them. */
function outermost(text: string, isWanted: (name: string) => boolean): Element[] {
  const found: Element[] = [];
  let end = 0;
  for (const { 0: opening, 1: name = "", index } of text.matchAll(TAG)) {
    if (found.length === MOST) break;
    if (index < end || !isWanted(name)) continue;
    const body = upTo(text, index + opening.length, `</${name}>`);
    end = index + opening.length + body.length;
    found.push({ name, body });
  }
  return found;
}

/** Between a call's name and its arguments some models put these. */
const BETWEEN = /<[^<>]{1,60}>|\[args\]|:\d{1,6}|```\w*|\bjson\b|\s+/gi;
const NAME_BEFORE = 300;

/** `[TOOL_CALLS]read_file{…}`: an object with the name before it, or objects that have their own. */
function namedObjects(text: string, tools: readonly ToolSpec[]): Values | null {
  const read = valuesIn(text);
  const first = text.indexOf("{");
  if (read === null || first < 0) return null;
  const before = text.slice(Math.max(0, first - NAME_BEFORE), first).replace(BETWEEN, " ");
  const name = /([A-Za-z_][\w.-]{0,80})\s{0,9}$/.exec(before)?.[1] ?? "";
  const [only, ...more] = read.values;
  const is_named = more.length === 0 && toolNamed(name, tools) !== null && !namesItself(only);
  return is_named ? { ...read, values: [{ tool_name: name, tool_input: only }] } : read;
}

const namesItself = (value: unknown): boolean =>
  typeof value === "object" && value !== null && ("name" in value || Array.isArray(value));
