/** Where a text stops being JSON and what could have stood there. `offset` counts UTF-16 units. */
export interface JsonFault {
  readonly offset: number;
  readonly line: number;
  readonly column: number;
  readonly expected: string;
}

type Want = "value" | "value or ]" | "name" | "name or }" | ":" | ", or ]" | ", or }" | "end";

const BLANK = /[ \t\n\r]*/y;
const STRING = /"[^"\\\u0000-\u001f]*(?:\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})[^"\\\u0000-\u001f]*)*"/y;
const SCALAR = /(?:-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null)/y;
const WORDS: Record<Want, string> = {
  value: "a value",
  "value or ]": 'a value or "]"',
  name: "a field name in double quotes",
  "name or }": 'a field name in double quotes or "}"',
  ":": '":"',
  ", or ]": '"," or "]"',
  ", or }": '"," or "}"',
  end: "the end",
};

/**
 * Finds the first fault of a text that `JSON.parse` refused (its own messages quote the input, and
 * most name no place). Without recursion, so that no depth exhausts the stack. Null where it is JSON.
 */
export function findJsonFault(text: string): JsonFault | null {
  const open: ("[" | "{")[] = [];
  let at = 0;
  let want: Want = "value";
  for (;;) {
    at = matchAt(BLANK, text, at) ?? at;
    if (at >= text.length) return want === "end" ? null : faultAt(text, at, want);
    const next = step(text, at, want, open);
    if (next === null) return faultAt(text, at, want);
    [at, want] = next;
  }
}

/** Takes one token of `text` at `at`, keeps `open` up to date; null where it does not fit. */
function step(text: string, at: number, want: Want, open: ("[" | "{")[]): [number, Want] | null {
  const char = text[at];
  switch (want) {
    case "value":
    case "value or ]":
      if (char === "]" && want === "value or ]") return closeOne(at, open);
      if (char === "[" || char === "{") {
        open.push(char);
        return [at + 1, char === "[" ? "value or ]" : "name or }"];
      }
      return then(matchAt(STRING, text, at) ?? matchAt(SCALAR, text, at), afterValue(open));
    case "name":
    case "name or }":
      if (char === "}" && want === "name or }") return closeOne(at, open);
      return then(matchAt(STRING, text, at), ":");
    case ":":
      return char === ":" ? [at + 1, "value"] : null;
    case ", or ]":
      if (char === ",") return [at + 1, "value"];
      return char === "]" ? closeOne(at, open) : null;
    case ", or }":
      if (char === ",") return [at + 1, "name"];
      return char === "}" ? closeOne(at, open) : null;
    case "end":
      return null;
  }
}

function closeOne(at: number, open: ("[" | "{")[]): [number, Want] {
  open.pop();
  return [at + 1, afterValue(open)];
}

function afterValue(open: readonly ("[" | "{")[]): Want {
  const innermost = open.at(-1);
  if (innermost === undefined) return "end";
  return innermost === "[" ? ", or ]" : ", or }";
}

const then = (end: number | null, want: Want): [number, Want] | null =>
  end === null ? null : [end, want];

function matchAt(token: RegExp, text: string, at: number): number | null {
  token.lastIndex = at;
  return token.test(text) ? token.lastIndex : null;
}

function faultAt(text: string, offset: number, want: Want): JsonFault {
  const before = text.slice(0, offset).split("\n");
  const column = (before.at(-1) ?? "").length + 1;
  return { offset, line: before.length, column, expected: WORDS[want] };
}
