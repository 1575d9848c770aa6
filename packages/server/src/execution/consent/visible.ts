/** What has no shape on a screen, or turns the order in which it is read. Line breaks and tabs stand. */
const UNSEEN =
  /(?![\n\t ])[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Zs}\p{Default_Ignorable_Code_Point}\u2800]/gu;

const escaped = (char: string): string => `\\u{${char.codePointAt(0)?.toString(16)}}`;

/** Text with everything invisible written out as `\u{…}`. */
export const visible = (text: string): string => text.replace(UNSEEN, escaped);

/** The same on one line. */
export const visibleLine = (text: string): string => visible(text).replace(/[\n\t]/g, escaped);
