import type { Field } from "../words.ts";
import { doubtOf, type PathDoubt } from "./options.ts";

const FLAGS =
  "-n -E -r -s -u -z -l: -e:! --quiet --silent --regexp-extended --separate --unbuffered " +
  "--null-data --expression:! --posix --debug --sandbox --line-length: --help --version";

/** Why a call of sed may do more than print; null when it does not. */
export const sedDoubt = (args: readonly Field[], pathDoubt: PathDoubt): string | null =>
  doubtOf(
    "sed",
    args,
    {
      options: FLAGS,
      operands: "pattern, then paths",
      pattern: scriptDoubt,
      value: (option, value) =>
        option === "-e" || option === "--expression" ? scriptDoubt(value) : null,
    },
    pathDoubt,
  );

const DOUBT = "its sed program is not one of those that are known to only print";

/** Commands that print, edit what is in memory, or end; anything else (e, r, w, labels …) is not one. */
const PLAIN = /^[pPdDnNhHgGxlFz=qQ]/;
const TEXT = /^[aic](?:\\\n|[ \t]*)[^\n]*/;

function scriptDoubt(script: string): string | null {
  let rest = script;
  let depth = 0;
  while (rest !== "") {
    const blank = /^(?:[\s;]+|#[^\n]*)/.exec(rest);
    if (blank !== null) {
      rest = rest.slice(blank[0].length);
      continue;
    }
    if (rest.startsWith("}")) {
      if (--depth < 0) return DOUBT;
      rest = rest.slice(1);
      continue;
    }
    const after = afterCommand(afterAddresses(rest));
    if (after === null) return DOUBT;
    if (after.opens) depth += 1;
    rest = after.rest;
  }
  return depth === 0 ? null : DOUBT;
}

function afterAddresses(text: string): string | null {
  const first = afterAddress(text);
  if (first === null) return null;
  const comma = /^[ \t]*,[ \t]*/.exec(first);
  const rest = comma === null ? first : afterAddress(first.slice(comma[0].length));
  return rest === null ? null : rest.replace(/^[ \t]*(?:!\s*)?/, "");
}

function afterAddress(text: string): string | null {
  const plain = /^(?:\d+(?:~\d+)?|\$|[+~]\d+)/.exec(text);
  if (plain !== null) return text.slice(plain[0].length);
  const delimiter = text.startsWith("/") ? "/" : text.startsWith("\\") ? text[1] : undefined;
  if (delimiter === undefined) return text;
  const rest = afterDelimited(text.slice(delimiter === "/" ? 1 : 2), delimiter);
  return rest === null ? null : rest.replace(/^[IM]+/, "");
}

/** Past the next delimiter that no backslash hides; sed looks into no bracket either. */
function afterDelimited(text: string, delimiter: string): string | null {
  if (delimiter === "\\" || delimiter === "\n") return null;
  for (let at = 0; at < text.length; at++) {
    if (text[at] === "\\") at += 1;
    else if (text[at] === delimiter) return text.slice(at + 1);
  }
  return null;
}

function afterCommand(text: string | null): { rest: string; opens: boolean } | null {
  if (text === null || text === "") return null;
  if (text.startsWith("{")) return { rest: text.slice(1), opens: true };
  const written = TEXT.exec(text);
  if (written !== null) return { rest: text.slice(written[0].length), opens: false };
  const rest = text.startsWith("s") || text.startsWith("y") ? afterEdit(text) : afterPlain(text);
  if (rest === null || !/^[ \t]*(?:[;\n}#]|$)/.test(rest)) return null;
  return { rest, opens: false };
}

function afterPlain(text: string): string | null {
  if (!PLAIN.test(text)) return null;
  return text.slice(1).replace(/^[ \t]*\d+/, "");
}

function afterEdit(text: string): string | null {
  const delimiter = text[1];
  if (delimiter === undefined) return null;
  const middle = afterDelimited(text.slice(2), delimiter);
  const end = middle === null ? null : afterDelimited(middle, delimiter);
  return end === null || text.startsWith("y") ? end : end.replace(/^[gpiIM\d]*/, "");
}
