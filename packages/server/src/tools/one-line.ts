const LONGEST_CHARS = 200;

/** Text of a model on one line, with control and bidi characters written out as escapes. */
export function oneLine(text: string): string {
  const plain = text.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, escaped);
  return plain.length <= LONGEST_CHARS ? plain : `${plain.slice(0, LONGEST_CHARS)}…`;
}

const escaped = (character: string): string =>
  `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`;
