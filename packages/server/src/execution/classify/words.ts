import type { DoubleQuotedChild, Word, WordPart } from "unbash";
import { expandBraces } from "./braces.ts";
import { type Expander, expandPart, type Piece } from "./expansions.ts";
import { HOME } from "./operands.ts";

const FIELDS = 64;

/** One word as a command gets it, as far as reading the script tells. */
export interface Field {
  /** A guess where `unknown`; the pattern where `glob`. */
  readonly text: string;
  /** Names of files take its place when it runs. */
  readonly glob: boolean;
  /** Only running the script tells what it is. */
  readonly unknown: boolean;
  /** Stands in the script as it is: neither expanded nor a pattern. */
  readonly literal: boolean;
  /** May hold what came over the network. */
  readonly network: boolean;
  /** As the script spells it. */
  readonly written: string;
}

export const literalField = (text: string): Field => ({
  ...{ text, written: text, glob: false, unknown: false, literal: true, network: false },
});

/** The fields that the words become: none, one or several each, in order; bounded. */
export function fieldsOf(words: readonly Word[], expander: Expander): Field[] {
  return words.flatMap((word) => expandWord(word, expander));
}

/** Without splitting into several: a redirection's target, a value, a word of `[[`. */
export function fieldOf(word: Word, expander: Expander): Field {
  const fields = expandWord(word, expander);
  const [first] = fields;
  if (fields.length === 1 && first !== undefined) return first;
  const text = fields.map((field) => field.text).join(" ");
  const network = fields.some((field) => field.network);
  return { ...literalField(text), written: word.text, literal: false, unknown: true, network };
}

function expandWord(word: Word, expander: Expander): Field[] {
  const parts = word.parts;
  if (parts === undefined && !word.text.includes("~"))
    return [{ ...literalField(word.value), written: word.text }];
  if (parts === undefined)
    return [joined([tilde({ ...bare(word.value), raw: word.text })], word.text)];
  const choices = parts.map((part) => piecesOf(part, expander));
  const combinations = combine(choices);
  if (combinations === null)
    return [{ ...literalField(word.value), written: word.text, literal: false, unknown: true }];
  return combinations.flatMap((pieces) => {
    const [first, ...rest] = pieces;
    const whole = first === undefined ? [] : [tilde(first), ...rest];
    return split(whole).map((field) => joined(field, word.text));
  });
}

const bare = (text: string): Piece => ({ ...{ text, raw: text, kind: "bare", glob: false } });

/** A home folder where an unquoted `~` stands for one: at the start, or after `name=` or `:`. */
function tilde(piece: Piece): Piece {
  if (piece.kind !== "bare" && piece.kind !== "brace") return piece;
  const at = piece.raw.startsWith("~") ? 0 : piece.raw.search(/(?<=^[A-Za-z_]\w*=|:)~/);
  if (at === -1) return piece;
  const tail = piece.text.slice(piece.text.indexOf("~"));
  const user = /^~([^/:]*)/.exec(tail)?.[1] ?? "";
  const home = user === "" ? HOME : user === "root" ? "/root" : `/home/${user}`;
  const text = piece.text.replace(`~${user}`, () => home);
  return { ...piece, text, kind: "expanded" };
}

function piecesOf(part: WordPart, expander: Expander): Piece[][] {
  switch (part.type) {
    case "Literal":
      return [[{ ...bare(part.value), raw: part.text }]];
    case "Glob":
      return [[globPiece(part.value, part.parts, expander)]];
    case "SingleQuoted":
    case "AnsiCQuoted":
      return [[quoted(part.value)]];
    case "DoubleQuoted":
      return [part.parts.map((child) => within(child, expander))];
    case "LocaleString":
      return [
        [{ ...quoted(""), unknown: true }, ...part.parts.map((one) => within(one, expander))],
      ];
    case "BraceExpansion":
      return bracePieces(part.text, part.parts, expander);
    case "ExtendedGlob":
      expander.doubt("a pattern that only some shells know", part.text);
      return [[{ ...bare(part.text), glob: true, unknown: true }]];
    case "SimpleExpansion":
    case "ParameterExpansion":
    case "CommandExpansion":
    case "ArithmeticExpansion":
      return [[{ ...expandPart(part, expander), splits: true }]];
    case "ProcessSubstitution":
      return [[expandPart(part, expander)]];
    default:
      return [[{ ...bare(""), unknown: true }]];
  }
}

const quoted = (text: string): Piece => ({ text, raw: text, kind: "quoted", glob: false });

function within(child: DoubleQuotedChild, expander: Expander): Piece {
  if (child.type === "Literal") return quoted(child.value);
  return expandPart(child, expander);
}

/** A bracket may hold expansions of its own. */
function globPiece(
  text: string,
  parts: readonly WordPart[] | undefined,
  expander: Expander,
): Piece {
  const inner = (parts ?? []).flatMap((part) => piecesOf(part, expander).flat());
  const unknown = inner.some((piece) => piece.unknown === true || piece.kind === "expanded");
  return { ...bare(text), glob: true, unknown };
}

function bracePieces(
  text: string,
  parts: readonly WordPart[] | undefined,
  expander: Expander,
): Piece[][] {
  for (const part of parts ?? []) piecesOf(part, expander);
  const list = expandBraces(text);
  if (list === null) return [[{ ...bare(text), kind: "brace", unknown: true }]];
  return list.map((one) => [{ ...bare(one), kind: "brace", glob: /[*?]/.test(one) }]);
}

function combine(choices: readonly Piece[][][]): Piece[][] | null {
  let all: Piece[][] = [[]];
  for (const choice of choices) {
    all = all.flatMap((head) => choice.map((tail) => [...head, ...tail]));
    if (all.length > FIELDS) return null;
  }
  return all;
}

/** At the blanks of what was expanded outside of quotes. */
function split(pieces: readonly Piece[]): Piece[][] {
  const fields: Piece[][] = [[]];
  for (const piece of pieces) {
    if (piece.splits !== true) {
      fields.at(-1)?.push(piece);
      continue;
    }
    const [head, ...tail] = piece.text.split(/[ \t\n]+/);
    if (head !== "" || piece.unknown === true) fields.at(-1)?.push(globbing(piece, head ?? ""));
    for (const text of tail) fields.push(text === "" ? [] : [globbing(piece, text)]);
  }
  return fields.filter((field) => field.length > 0);
}

/**
 * What comes out of a variable without quotes is a pattern like any other; names that came out of one
 * are split at their blanks, and only running it tells into what.
 */
const globbing = (piece: Piece, text: string): Piece => ({
  ...{ ...piece, text, glob: piece.glob || /[*?[]/.test(text) },
  unknown: piece.unknown === true || piece.glob,
});

function joined(pieces: readonly Piece[], written: string): Field {
  const glob = pieces.some((piece) => piece.glob);
  const unknown = pieces.some((piece) => piece.unknown === true);
  return {
    text: pieces.map((piece) => piece.text).join(""),
    glob,
    unknown,
    literal: !glob && !unknown && pieces.every((piece) => piece.kind !== "expanded"),
    network: pieces.some((piece) => piece.network === true),
    written,
  };
}
