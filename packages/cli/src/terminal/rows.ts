/** Characters that take two columns of a terminal. */
const wide =
  /[\p{Emoji_Presentation}\p{sc=Han}\p{sc=Hangul}\p{sc=Hiragana}\p{sc=Katakana}\u{3000}-\u{303f}\u{ff01}-\u{ff60}]/u;

const columnsOfOne = (character: string): number => (wide.test(character) ? 2 : 1);
const columnsOf = (text: string): number =>
  Array.from(text, columnsOfOne).reduce((sum, columns) => sum + columns, 0);

/** As much of the line's beginning as fits, with `…` where it goes on. */
export function firstColumns(line: string, columns: number): string {
  if (columnsOf(line) <= columns) return line;
  let row = "";
  let taken = 1;
  for (const character of line) {
    taken += columnsOfOne(character);
    if (taken > columns) break;
    row += character;
  }
  return `${row}…`;
}

/** A wide character and one more, so that every row takes something. */
const LEAST_COLUMNS = 3;

/**
 * Rows of at most `columns` whose concatenation is the line again: nothing is lost at their ends. A
 * row begins with the spaces before its first word, because at the end of the row before nobody
 * would see them.
 */
export function exactRows(line: string, columns: number): string[] {
  const limit = Math.max(columns, LEAST_COLUMNS);
  const rows: string[] = [];
  let row = "";
  let taken = 0;
  for (const character of line) {
    while (taken + columnsOfOne(character) > limit) {
      const full = row.trimEnd() || row;
      rows.push(full);
      row = row.slice(full.length);
      taken = columnsOf(row);
    }
    row += character;
    taken += columnsOfOne(character);
  }
  return [...rows, row];
}

/** `head` and the text after it; what does not fit goes on below the text's beginning. */
export function hangingRows(head: string, text: string, columns: number): string[] {
  if (columnsOf(head) + columnsOf(text) <= columns) return [head + text];
  return proseRows(text, columns - head.length).map((row, i) =>
    i === 0 ? head + row : " ".repeat(head.length) + row,
  );
}

/** Rows of prose, broken between words; only a word that fits no row is cut. */
export function proseRows(text: string, columns: number): string[] {
  const rows: string[] = [];
  let row = "";
  for (const word of text.split(/\s+/).filter(Boolean)) {
    const longer = row === "" ? word : `${row} ${word}`;
    if (columnsOf(longer) <= columns) {
      row = longer;
      continue;
    }
    if (row !== "") rows.push(row);
    const pieces = exactRows(word, columns);
    row = pieces.pop() ?? "";
    rows.push(...pieces);
  }
  return row === "" && rows.length > 0 ? rows : [...rows, row];
}
