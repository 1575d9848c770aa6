import { textIn } from "../encoding.ts";
import { lineDiff, type LineDiff } from "./line-diff.ts";
import { quotedPath } from "./quoted-path.ts";

/** One file of an edit with its bytes, to be told. */
export interface ToldFile {
  readonly path: string;
  readonly before: ToldContent | null;
  readonly after: ToldContent | null;
  readonly moved_from?: string;
}

export interface ToldContent {
  readonly bytes: Buffer;
  readonly mode: number;
}

export interface Telling {
  /** One line for all: "edited src/a.ts (+3 −1 lines)". */
  readonly summary: string;
  /** Unified diffs of all files, one after another, not bounded. */
  readonly lines: readonly string[];
}

const NAMED_FILES = 10;

/** What an edit does, in words and as a diff; `diffing` is null where it gives none. */
export function tellEdit(files: readonly ToldFile[], diffing: typeof lineDiff = lineDiff): Telling {
  const sources = new Set(files.map(({ moved_from }) => moved_from));
  const byPath = new Map(files.map((file) => [file.path, file]));
  const told = files
    .filter(({ path, after }) => after !== null || !sources.has(path))
    .map((file) =>
      tellFile(file, byPath.get(file.moved_from ?? file.path)?.before ?? null, diffing),
    );
  return {
    summary: summed(told.map(({ words }) => words)),
    lines: told.flatMap(({ lines }) => lines),
  };
}

function summed(words: readonly string[]): string {
  const [only = "nothing", ...others] = words;
  if (others.length === 0) return only;
  const named = words.slice(0, NAMED_FILES);
  const rest = words.length - named.length;
  return `${words.length} files: ${named.join("; ")}${rest === 0 ? "" : `; ${rest} more`}`;
}

interface ToldOne {
  readonly words: string;
  readonly lines: readonly string[];
}

/** `was` is what its content is compared with: of a moved file, what was moved. */
function tellFile(file: ToldFile, was: ToldContent | null, diffing: typeof lineDiff): ToldOne {
  const { path, after, moved_from } = file;
  const from = moved_from ?? path;
  const header = [...modeLines(was, after), ...moveLines(from, path)];
  const verb = verbOf(file, was);
  if (was !== null && after !== null && was.bytes.equals(after.bytes)) {
    return { words: verb, lines: header };
  }
  const texts = { before: textOf(was), after: textOf(after) };
  if (texts.before === undefined || texts.after === undefined) {
    const bytes = (after ?? was)?.bytes.length ?? 0;
    return {
      words: `${verb} (${bytes} bytes)`,
      lines: [...header, `(${quotedPath(path)} is binary)`],
    };
  }
  const diff = diffing({ path: from, text: texts.before }, { path, text: texts.after });
  return {
    words: `${verb} (${linesTold(diff, texts.before, texts.after)})`,
    lines: [...header, ...(diff?.lines ?? ["(too much changed for a diff)"])],
  };
}

/** Undefined for what is binary. */
const textOf = (content: ToldContent | null): string | null | undefined =>
  content === null ? null : textIn(content.bytes)?.text;

function verbOf({ path, before, after, moved_from }: ToldFile, was: ToldContent | null): string {
  const name = quotedPath(path);
  if (moved_from !== undefined) return `moved ${quotedPath(moved_from)} to ${name}`;
  if (after === null) return `deleted ${name}`;
  if (before === null) return `created ${name}`;
  if (was?.bytes.equals(after.bytes)) return `made ${name} ${octal(after.mode)}`;
  return `edited ${name}`;
}

function linesTold(diff: LineDiff | null, before: string | null, after: string | null): string {
  if (diff !== null) return `+${diff.added} −${diff.removed} lines`;
  const count = (text: string | null) => text?.split("\n").length ?? 0;
  return `${count(before)} lines before, ${count(after)} after`;
}

const moveLines = (from: string, to: string): string[] =>
  from === to ? [] : [`rename from ${quotedPath(from)}`, `rename to ${quotedPath(to)}`];

const modeLines = (before: ToldContent | null, after: ToldContent | null): string[] =>
  before === null || after === null || before.mode === after.mode
    ? []
    : [`old mode 100${octal(before.mode)}`, `new mode 100${octal(after.mode)}`];

const octal = (mode: number): string => mode.toString(8).padStart(3, "0");
