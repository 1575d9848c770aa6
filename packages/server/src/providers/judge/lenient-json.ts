import { isBlank } from "./blank.ts";

/** What could be read of a text that means to be JSON. */
export interface Read {
  readonly value: unknown;
  /** It was not cut, and no quote had to be guessed at. */
  readonly complete: boolean;
  /** All but its quotes and its commas is as JSON has it. */
  readonly is_plain: boolean;
  /** Where the text goes on. */
  readonly end: number;
}

const DEEPEST = 64;
const CLOSING: Record<string, string> = { '"': '"', "'": "'", "“": "”", "‘": "’", "`": "`" };
const ESCAPES: Record<string, string> = { n: "\n", t: "\t", r: "\r", b: "\b", f: "\f" };
const WORDS: Record<string, unknown> = {
  true: true,
  True: true,
  false: false,
  False: false,
  null: null,
  None: null,
  undefined: null,
};
/** Past it nobody looks whether a quote within a string was meant to end it. */
const LOOK_AHEAD = 64;

class Unreadable extends Error {}

/**
 * Reads JSON as models write it: single or curly quotes, keys without quotes, commas too many, comments, Python's words, line breaks and bare quotes within strings, and text that
 * was cut off. Null where it is none of that. Linear in the text's length.
 */
export function readLenient(text: string, from = 0): Read | null {
  const reader = createReader(text, from);
  try {
    const value = reader.value(0);
    return { value, ...reader.state() };
  } catch (fault) {
    if (fault instanceof Unreadable) return null;
    throw fault;
  }
}

function createReader(text: string, from: number) {
  let at = from;
  let complete = true;
  let is_plain = true;

  function skip(): void {
    for (;;) {
      while (at < text.length && isBlank(text[at]!)) at += 1;
      if (text.startsWith("//", at) || text[at] === "#") to("\n");
      else if (text.startsWith("/*", at)) to("*/");
      else return;
    }
  }

  function to(end: string): void {
    is_plain = false;
    const found = text.indexOf(end, at);
    at = found < 0 ? text.length : found + end.length;
  }

  function value(depth: number): unknown {
    if (depth > DEEPEST) throw new Unreadable();
    skip();
    const char = text[at];
    if (char === undefined) return cut();
    if (char === "{") return object(depth);
    if (char === "[") return list(depth);
    return CLOSING[char] === undefined ? word() : string(CLOSING[char]);
  }

  function cut(): null {
    complete = false;
    return null;
  }

  function object(depth: number): Record<string, unknown> {
    const found: Record<string, unknown> = Object.create(null) as Record<string, unknown>;
    at += 1;
    for (;;) {
      skip();
      const char = text[at];
      if (char === undefined) return (cut(), found);
      if (char === ",") at += 1;
      else if (char === "}") return ((at += 1), found);
      else member(found, depth);
    }
  }

  function member(found: Record<string, unknown>, depth: number): void {
    const close = CLOSING[text[at]!];
    const key = close === undefined ? name() : string(close);
    skip();
    if (at >= text.length) return void cut();
    if (text[at] !== ":") throw new Unreadable();
    at += 1;
    found[key] = value(depth + 1);
  }

  function name(): string {
    is_plain = false;
    const start = at;
    while (at < text.length && /[\p{L}\p{N}_$.-]/u.test(text[at]!)) at += 1;
    if (at === start) throw new Unreadable();
    return text.slice(start, at);
  }

  function list(depth: number): unknown[] {
    const found: unknown[] = [];
    at += 1;
    for (;;) {
      skip();
      const char = text[at];
      if (char === undefined) return (cut(), found);
      if (char === ",") at += 1;
      else if (char === "]") return ((at += 1), found);
      else if (char === "}" || char === ":") throw new Unreadable();
      else found.push(value(depth + 1));
    }
  }

  function string(close: string): string {
    const long = close === '"' && text.startsWith('"""', at);
    at += long ? 3 : 1;
    let read = "";
    let from = at;
    for (; at < text.length; at += 1) {
      const char = text[at]!;
      if (char === "\\") {
        read += text.slice(from, at) + escaped();
        from = at + 1;
      } else if (long ? text.startsWith('"""', at) : char === close && endsHere()) {
        read += text.slice(from, at);
        at += long ? 3 : 1;
        return read;
      }
    }
    complete = false;
    return read + text.slice(from);
  }

  function escaped(): string {
    at += 1;
    const char = text[at] ?? "";
    if (char !== "u") return ESCAPES[char] ?? char;
    const code = /^[0-9a-fA-F]{4}/.exec(text.slice(at + 1, at + 5));
    if (code === null) return char;
    at += 4;
    return String.fromCharCode(Number.parseInt(code[0], 16));
  }

  /** A quote that nothing of JSON follows is one that the model forgot to escape. */
  function endsHere(): boolean {
    let next = at + 1;
    const last = next + LOOK_AHEAD;
    while (next < last && next < text.length && isBlank(text[next]!)) next += 1;
    const ends = next >= text.length || ",:}]/#".includes(text[next]!);
    if (!ends) complete = false;
    return ends;
  }

  /** Numbers and what has no quotes. */
  function word(): unknown {
    const start = at;
    while (at < text.length && !",}]\n".includes(text[at]!)) at += 1;
    if (at === start) throw new Unreadable();
    if (at === text.length) complete = false;
    const read = text.slice(start, at).trim();
    if (Object.hasOwn(WORDS, read)) return WORDS[read];
    const number = Number(read);
    if (read !== "" && !Number.isNaN(number)) return number;
    is_plain = false;
    return read;
  }

  return { value, state: () => ({ complete, is_plain, end: at }) };
}
