/**
 * A path as git writes it in a diff: in quotes where it would break its line, or look quoted. What
 * stands beyond ASCII and breaks nothing stays readable.
 */
export const quotedPath = (path: string): string =>
  BREAKS.test(path) ? `"${path.replace(EACH, escaped)}"` : path;

const BREAKS = /[\p{Cc}\p{Zl}\p{Zp}"\\]/u;
const EACH = new RegExp(BREAKS, "gu");
const NAMED: Record<string, string> = {
  ...{ "\n": "\\n", "\r": "\\r", "\t": "\\t" },
  ...{ '"': '\\"', "\\": "\\\\" },
};

const escaped = (character: string): string =>
  NAMED[character] ??
  [...Buffer.from(character)].map((byte) => `\\${byte.toString(8).padStart(3, "0")}`).join("");
