const INTENT_CHARS = 120;
/** Nothing past this can reach the line; it bounds the work on a hostile megabyte. */
const READ_CHARS = 4_000;

/** What could steer a terminal or turn the reading order is shown; a person decides by this line. */
const STEERING = /[\p{Cc}\p{Bidi_Control}]/gu;
/** What shows as nothing carries nothing a person agreed to. */
const INVISIBLE = /[\p{Default_Ignorable_Code_Point}\p{Cf}]/gu;
/** U+2800 is a symbol by name and a blank on the screen; U+0085 ends a line. */
const BLANK = /[\s\u0085\u2800]+/gu;
const VISIBLE = /[\p{L}\p{N}\p{P}\p{S}]/u;

/**
 * The one line that says what a tool call is for: at most 120 UTF-16 units, never empty, without
 * line breaks, control, bidirectional or invisible characters. `fallback` serves where the model
 * gave no text; it is cleaned the same way.
 */
export function oneLineIntent(given: unknown, fallback: string): string {
  return (typeof given === "string" && line(given)) || line(fallback) || "no intent was given";
}

function line(text: string): string {
  const clean = text
    .trimStart()
    .slice(0, READ_CHARS)
    .toWellFormed()
    .replace(BLANK, " ")
    .replace(STEERING, (char) => `\\u{${char.codePointAt(0)?.toString(16)}}`)
    .replace(INVISIBLE, "")
    .replace(BLANK, " ")
    .trim();
  return VISIBLE.test(clean) ? shortened(clean) : "";
}

function shortened(text: string): string {
  if (text.length <= INTENT_CHARS) return text;
  const head = text.slice(0, INTENT_CHARS - 1);
  const split = !head.isWellFormed();
  return `${(split ? head.slice(0, -1) : head).trimEnd()}…`;
}
