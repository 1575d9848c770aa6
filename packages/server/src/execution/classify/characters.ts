/** Whatever a person would not see, or not see as it is: controls, direction marks, fillers, odd blanks. */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}\p{DI}\u{2800}]|(?! )\p{Zs}/u;
const ALL_UNSEEN = new RegExp(UNSEEN, "gu");
/** The only two that a script may hold. */
const LAYOUT = /[\n\t]/g;
/** Wide enough to push what follows out of any window. */
const PADDING = /[ \t]{80}|(?:[ \t]*\n){20}/;
const SHOWN_CHARACTERS = 240;

/** Why the script's own characters need a look; null when all of them are what they seem. */
export function characterDoubt(script: string): string | null {
  const found = UNSEEN.exec(script.replace(LAYOUT, ""));
  if (found !== null) return `it has a character that nobody sees: ${shown(found[0])}`;
  if (PADDING.test(script)) return "a long run of blanks may push a part of it out of view";
  return null;
}

/** On one line, bounded, with everything invisible as `\u{…}`. */
export function shown(text: string): string {
  const cut = text.length > SHOWN_CHARACTERS ? `${text.slice(0, SHOWN_CHARACTERS)}…` : text;
  return cut.replace(ALL_UNSEEN, (unseen) => `\\u{${(unseen.codePointAt(0) ?? 0).toString(16)}}`);
}
