import { bounds } from "../bounds.ts";
import { sha256Of } from "../bytes.ts";
import type { Change } from "../edit.ts";
import { BYTE_ORDER_MARK, decode, encode, refuseAdded } from "../encoding.ts";
import { FileRefused } from "../refused.ts";
import { lineEnding, replaceIn, withEnding } from "../replacement.ts";
import type { Draft, Drafted } from "./draft.ts";
import { noMatch, placesOf } from "./no-match.ts";
import { bare, linesOf } from "./text-lines.ts";

type Write = Extract<Change, { kind: "write" }>;
type Replace = Extract<Change, { kind: "replace" }>;
type Lines = Extract<Change, { kind: "lines" }>;

/** A whole new text keeps what the file has for encoding, byte order mark and line endings. */
export function writeText(draft: Draft, { path, content }: Write): void {
  const file = draft.at(path, "write");
  if (file.now === null) {
    draft.put(file.path, encode({ encoding: "utf-8", text: content }, path));
    return;
  }
  const { encoding, text } = decode(file.now.bytes, path);
  const anew = encoding === "near-utf-8" ? "utf-8" : encoding;
  draft.put(file.path, encode({ encoding: anew, text: likeOld(content, text) }, path));
}

function likeOld(content: string, old: string): string {
  const is_windows = lineEnding(old) === "\r\n" && !content.includes("\r\n");
  const text = is_windows ? withEnding(content, "\r\n") : content;
  return old.startsWith(BYTE_ORDER_MARK) ? BYTE_ORDER_MARK + unmarked(text) : text;
}

export function replaceText(draft: Draft, change: Replace): void {
  if (change.old_text === "") {
    throw new FileRefused("malformed", "old_text is empty; to replace a whole file write it");
  }
  const { old_text, new_text } = change;
  const plain = { ...change, old_text: unmarked(old_text), new_text: unmarked(new_text) };
  changeText(draft, change.path, (text) => replacedIn(text, plain));
}

function replacedIn(text: string, { path, old_text, new_text, replace_all }: Replace): string {
  const name = JSON.stringify(path);
  const replaced = replaceIn(text, old_text, new_text, replace_all);
  switch (replaced.kind) {
    case "replaced":
      return replaced.text;
    case "no_match":
      throw new FileRefused("no_match", noMatch("old_text", name, text, old_text));
    case "ambiguous":
      throw new FileRefused(
        "ambiguous",
        `old_text occurs ${replaced.lines.length} times in ${name}, at lines ` +
          `${placesOf(replaced.lines)}; give more of the text around the one you mean, or set replace_all`,
      );
    case "too_many":
      throw new FileRefused(
        "too_large",
        `old_text occurs more than ${bounds.replacements} times in ${name}; use the shell for that`,
      );
  }
}

/** Fewer digits of a hash prove nothing. */
const LEAST_DIGITS = 12;

export function replaceLines(draft: Draft, change: Lines): void {
  if (!/^[0-9a-f]{12,64}$/.test(change.sha256)) {
    throw new FileRefused(
      "malformed",
      `sha256 must be the file's, at least its first ${LEAST_DIGITS} digits, as read_file tells it`,
    );
  }
  changeText(draft, change.path, (text, file) => {
    const lines = linesOf(text);
    refuseOther(file, change, lines);
    return spliced(lines, change, lineEnding(text) ?? "\n");
  });
}

/** Who gives line numbers means the file that was read; what is there now is shown. */
function refuseOther({ now }: Drafted, change: Lines, lines: readonly string[]): void {
  const sha256 = now === null ? "" : sha256Of(now.bytes);
  const { path, first_line, last_line } = change;
  if (!sha256.startsWith(change.sha256)) {
    const there = lines
      .slice(first_line - 1, last_line)
      .join("")
      .slice(0, bounds.near_chars);
    throw new FileRefused(
      "conflict",
      `${JSON.stringify(path)} is not the file that was read: expected ${change.sha256}, found ` +
        `${sha256.slice(0, LEAST_DIGITS)}; its lines ${first_line} to ${last_line} are now\n${there}`,
    );
  }
  if (first_line >= 1 && first_line <= last_line && last_line <= lines.length) return;
  throw new FileRefused(
    "out_of_range",
    `${JSON.stringify(path)} has ${lines.length} lines; ${first_line} to ${last_line} are not among them`,
  );
}

/** Whole lines for whole lines, also where the new text does not end as a line does. */
function spliced(
  lines: readonly string[],
  { first_line, last_line, new_text }: Lines,
  ending: "\n" | "\r\n",
): string {
  const last = lines[last_line - 1] ?? "";
  const closing = new_text === "" || new_text.endsWith("\n") ? "" : last.slice(bare(last).length);
  const put_in = withEnding(unmarked(new_text), ending) + closing;
  return [...lines.slice(0, first_line - 1), put_in, ...lines.slice(last_line)].join("");
}

/** `change` sees the text without its byte order mark, which stays. @throws FileRefused "absent" */
export function changeText(
  draft: Draft,
  path: string,
  change: (text: string, file: Drafted) => string,
): void {
  const file = draft.at(path, "write");
  if (file.now === null) {
    throw new FileRefused("absent", `${JSON.stringify(path)} does not exist`);
  }
  const old = decode(file.now.bytes, path);
  const mark = old.text.startsWith(BYTE_ORDER_MARK) ? BYTE_ORDER_MARK : "";
  const text = mark + change(unmarked(old.text), file);
  refuseAdded(old, text, path);
  draft.put(file.path, encode({ encoding: old.encoding, text }, path));
}

const unmarked = (text: string): string =>
  text.startsWith(BYTE_ORDER_MARK) ? text.slice(1) : text;
