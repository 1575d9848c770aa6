const EXCERPT_CHARS = 40;
const KEY_NAMES = /pass|secret|token|credential|authori[sz]ation|api.?key|^key$|^proof$/i;
const KEY_VALUES = /\b(?:mst_|sk-|gsk_|gh[a-z]_|xox|AKIA|AIza)|bearer|-----BEGIN|[\w+/-]{20,}/i;
/** Control, format (bidi, zero width) and unassigned code points, and the lone halves of surrogates. */
const UNSHOWABLE = /[\p{C}\p{Zl}\p{Zp}]/gu;

/**
 * What came, in plain words, for a person to recognise: the type, and the value itself only where it
 * is short and does not look like a secret. `name` is the field's name.
 */
export function describe(value: unknown, name = ""): string {
  switch (typeof value) {
    case "undefined":
      return "nothing";
    case "string":
      return describeText(value, name);
    case "number":
    case "boolean":
      return `the ${typeof value} ${value}`;
    default:
      return value === null ? "null" : describeContainer(value);
  }
}

function describeText(text: string, name: string): string {
  const isShown = text.length <= EXCERPT_CHARS && !KEY_NAMES.test(name) && !KEY_VALUES.test(text);
  return isShown ? `the text ${quoted(text)}` : `text of ${counted(text.length, "character")}`;
}

function describeContainer(value: unknown): string {
  return Array.isArray(value) ? `an array of ${counted(value.length, "item")}` : "an object";
}

/** The text in double quotes, with all that a terminal might act on or not show escaped. */
export function quoted(text: string): string {
  return JSON.stringify(text).replace(UNSHOWABLE, (char) => `\\u{${hex(char)}}`);
}

const hex = (char: string): string => (char.codePointAt(0) ?? 0).toString(16);

export const counted = (count: number, noun: string): string =>
  `${count.toLocaleString("en-US")} ${noun}${count === 1 ? "" : "s"}`;
