/** Comparing so many pairs of characters takes a few milliseconds at most. */
const CHEAP_PAIRS = 4_000_000;

/**
 * Where `sought`, which is not empty, starts in `text`: at most `limit` places, overlapping ones only on
 * request. Fast on both, whatever they are: both may come from a model.
 */
export function occurrences(
  text: string,
  sought: string,
  limit: number,
  overlapping: boolean,
): number[] {
  const search = text.length * sought.length <= CHEAP_PAIRS ? byIndexOf : byBorders;
  return search(text, sought, limit, overlapping);
}

/** At its worst it compares every pair of characters. */
function byIndexOf(text: string, sought: string, limit: number, overlapping: boolean): number[] {
  const starts: number[] = [];
  const step = overlapping ? 1 : sought.length;
  for (let at = text.indexOf(sought); at !== -1; at = text.indexOf(sought, at + step)) {
    if (starts.length === limit) break;
    starts.push(at);
  }
  return starts;
}

/** Linear in both (Knuth, Morris and Pratt 1977). */
function byBorders(text: string, sought: string, limit: number, overlapping: boolean): number[] {
  const starts: number[] = [];
  const border = bordersOf(sought);
  let matched = 0;
  for (let i = 0; i < text.length && starts.length < limit; i++) {
    const code = text.charCodeAt(i);
    while (matched > 0 && sought.charCodeAt(matched) !== code) matched = border[matched - 1] ?? 0;
    if (sought.charCodeAt(matched) === code) matched++;
    if (matched < sought.length) continue;
    starts.push(i + 1 - sought.length);
    matched = overlapping ? (border[matched - 1] ?? 0) : 0;
  }
  return starts;
}

/** For each prefix, the length of its longest end that is its beginning too. */
function bordersOf(sought: string): Int32Array {
  const border = new Int32Array(sought.length);
  let matched = 0;
  for (let i = 1; i < sought.length; i++) {
    const code = sought.charCodeAt(i);
    while (matched > 0 && sought.charCodeAt(matched) !== code) matched = border[matched - 1] ?? 0;
    if (sought.charCodeAt(matched) === code) matched++;
    border[i] = matched;
  }
  return border;
}
