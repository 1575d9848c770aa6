const ALTERNATIVES = 64;
/** No quotes, expansions or escapes: what is left is what the shell reads, too. */
const PLAIN = /^[\w.,{}/+:@%~*?=-]*$/;
const SEQUENCE = /^(-?\d{1,6}|[A-Za-z])\.\.(-?\d{1,6}|[A-Za-z])(?:\.\.-?\d{1,3})?$/;

/** What a brace expansion stands for; null where it is not plain, or stands for too much. */
export function expandBraces(text: string): string[] | null {
  if (!PLAIN.test(text)) return null;
  const list = expand(text);
  return list.length > ALTERNATIVES ? null : list;
}

function expand(text: string): string[] {
  const open = text.indexOf("{");
  const close = open === -1 ? -1 : closing(text, open);
  if (close === -1) return [text];
  const inner = alternatives(text.slice(open + 1, close));
  const rest = expand(text.slice(close + 1));
  const head = text.slice(0, open);
  const list = inner.flatMap((middle) => rest.map((tail) => head + middle + tail));
  return list.slice(0, ALTERNATIVES + 1);
}

function closing(text: string, open: number): number {
  let depth = 0;
  for (let at = open; at < text.length; at++) {
    if (text[at] === "{") depth += 1;
    if (text[at] === "}" && --depth === 0) return at;
  }
  return -1;
}

function alternatives(body: string): string[] {
  const sequence = SEQUENCE.exec(body);
  if (sequence !== null)
    return (
      range(sequence[1] ?? "", sequence[2] ?? "") ?? [
        `{${body}}`,
        ...Array.from({ length: ALTERNATIVES }, () => ""),
      ]
    );
  const pieces = splitOutside(body);
  if (pieces.length === 1) return expand(body).map((one) => `{${one}}`);
  return pieces.flatMap(expand);
}

/** At the commas that are not inside of further braces. */
function splitOutside(body: string): string[] {
  const pieces = [""];
  let depth = 0;
  for (const character of body) {
    if (character === "{") depth += 1;
    if (character === "}") depth -= 1;
    if (character === "," && depth === 0) pieces.push("");
    else pieces[pieces.length - 1] += character;
  }
  return pieces;
}

function range(from: string, to: string): string[] | null {
  const are_numbers = /\d/.test(from);
  if (are_numbers !== /\d/.test(to) || /^-?0\d/.test(from) || /^-?0\d/.test(to)) return null;
  const of = (end: string) => (are_numbers ? Number(end) : (end.codePointAt(0) ?? 0));
  const [start, end] = [of(from), of(to)];
  const size = Math.min(Math.abs(end - start) + 1, ALTERNATIVES + 1);
  const step = end < start ? -1 : 1;
  return Array.from({ length: size }, (_, at) => {
    const value = start + at * step;
    return are_numbers ? String(value) : String.fromCodePoint(value);
  });
}
