import type { ToolSpec } from "../../kernel/model.ts";
import { readLenient } from "./lenient-json.ts";
import { toolNamed } from "./offered.ts";
import type { Values } from "./values.ts";

const CALL = /([A-Za-z_][\w.]{0,60})\s?([([])/g;

/** A call of an offered tool as programs write it: `read_file(path="a")`, `search[tides]`. */
export function callIn(text: string, tools: readonly ToolSpec[]): Values | null {
  for (const match of text.matchAll(CALL)) {
    const [all, name = "", bracket] = match;
    if (toolNamed(name, tools) === null) continue;
    const inside = text.slice(match.index + all.length);
    const args = bracket === "[" ? inBrackets(inside) : inParentheses(inside);
    return args === null
      ? null
      : { values: [{ tool_name: name, tool_input: args }], complete: true };
  }
  return null;
}

function inBrackets(inside: string): string | null {
  const end = inside.indexOf("]");
  return end < 0 ? null : inside.slice(0, end);
}

/** Keyword arguments read as an object whose keys have no quotes; one value stands for itself. */
function inParentheses(inside: string): unknown {
  const body = inside.trim().replace(/\)+$/, "");
  const read = /^["'{]/.test(body) ? readLenient(body) : readLenient(`{${body}}`);
  return read?.complete === true ? read.value : null;
}
