/** Characters of which every terminal makes one column, and the ends of lines. */
const PLAIN =
  /^[\n\u0020-\u007e\u00a1-\u00ac\u00ae-\u02ff\u0370-\u0373\u0391-\u0482\u048a-\u052f\u2010-\u2027]*$/u;

/**
 * How many rows text takes that begins at a row's start, the row of the cursor behind it included; null
 * where that is not certain, and none of it may be taken away.
 */
export function rowsOf(text: string, columns: number): number | null {
  if (!PLAIN.test(text)) return null;
  return text
    .split("\n")
    .reduce((rows, line) => rows + Math.max(1, Math.ceil(line.length / columns)), 0);
}
