const BLANK = /[\s\p{Cf}\p{Default_Ignorable_Code_Point}\u2800]/u;
const BLANKS = /[\s\p{Cf}\p{Default_Ignorable_Code_Point}\u2800]+/gu;
const LAST_ASCII_UNIT = 0x7f;

/** A UTF-16 unit that shows as nothing: white space, byte order marks, zero-width characters. */
export const isBlank = (char: string): boolean =>
  char.charCodeAt(0) > LAST_ASCII_UNIT ? BLANK.test(char) : char <= " ";

export const isAllBlank = (text: string): boolean => text.replace(BLANKS, "") === "";

/** Without what shows as nothing at its start. */
export function trimmedStart(text: string): string {
  let start = 0;
  while (start < text.length && isBlank(text[start]!)) start += 1;
  return text.slice(start);
}

/** Without what shows as nothing at its end. */
export function trimmedEnd(text: string): string {
  let end = text.length;
  while (end > 0 && isBlank(text[end - 1]!)) end -= 1;
  return text.slice(0, end);
}
