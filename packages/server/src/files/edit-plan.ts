import { atPlace, withRegular } from "./beneath.ts";
import type { Root } from "./beneath.ts";
import { bounds } from "./bounds.ts";
import { readWhole, refuseLarge, sha256Of } from "./content.ts";
import { nearMiss } from "./near-miss.ts";
import { putFile } from "./put-file.ts";
import { FileRefused } from "./refused.ts";
import { replaceIn } from "./replacement.ts";
import { textOf } from "./text.ts";
import { unifiedDiff } from "./unified-diff.ts";

export type Change =
  | { readonly kind: "write"; readonly content: string }
  /** `old_text` must occur exactly once unless `replace_all`. */
  | {
      readonly kind: "replace";
      readonly old_text: string;
      readonly new_text: string;
      readonly replace_all: boolean;
    };

/** An edit decided and not done. Both hashes equal: there is nothing to do. */
export interface EditPlan {
  readonly edit_id: string;
  /** Relative to the workspace, links resolved. */
  readonly path: string;
  /** Null when there is no such file yet. */
  readonly before_sha256: string | null;
  readonly after_sha256: string;
  readonly diff: string;
  /** One line: "edited src/a.ts (+3 −1 lines)". */
  readonly summary: string;
  /** @throws FileRefused; its message says what is untouched. */
  apply(): Promise<void>;
}

/** @throws FileRefused when the change cannot be made, with what would help. */
export async function planEdit(
  root: Root,
  path: string,
  change: Change,
  edit_id: string,
): Promise<EditPlan> {
  const { resolved, bytes } = await present(root, path);
  const before = bytes && textOf(bytes, path);
  const after = changed(before, change, path);
  const content = Buffer.from(after);
  refuseLarge(content.length, path);
  const edit = {
    edit_id,
    path: resolved,
    before_sha256: bytes && sha256Of(bytes),
    after_sha256: sha256Of(content),
  };
  const apply = () => putFile(root, { ...edit, content });
  return { ...edit, ...tell(resolved, before, after), apply };
}

function present(root: Root, path: string) {
  return atPlace(root, path, "write", async (place) => {
    if (place.missing.length > bounds.new_folders) {
      throw new FileRefused(
        "too_deep",
        `${JSON.stringify(path)} would create ${place.missing.length} folders; ` +
          `the bound is ${bounds.new_folders}`,
      );
    }
    const bytes =
      place.missing.length > 0
        ? null
        : await withRegular(place.folder, place.name, (file, { size }) =>
            readWhole(file, size, path),
          );
    return { resolved: place.path, bytes };
  });
}

function changed(before: string | null, change: Change, path: string): string {
  if (change.kind === "write") return change.content;
  const name = JSON.stringify(path);
  if (before === null) throw new FileRefused("absent", `${name} does not exist`);
  if (change.old_text === "") {
    throw new FileRefused("malformed", "old_text is empty; to replace a whole file write it");
  }
  const replaced = replaceIn(before, change.old_text, change.new_text, change.replace_all);
  switch (replaced.kind) {
    case "replaced":
      return replaced.text;
    case "no_match":
      throw new FileRefused("no_match", noMatch(name, before, change.old_text));
    case "ambiguous":
      throw new FileRefused("ambiguous", ambiguous(name, replaced.lines));
    case "too_many":
      throw new FileRefused(
        "too_large",
        `old_text occurs more than ${bounds.replacements} times in ${name}; use the shell for that`,
      );
  }
}

function ambiguous(name: string, lines: readonly number[]): string {
  const more = lines.length > 10 ? `, … ${lines.length - 10} more` : "";
  const places = `${lines.slice(0, 10).join(", ")}${more}`;
  return (
    `old_text occurs ${lines.length} times in ${name}, at lines ${places}; ` +
    "give more of the text around the one you mean, or set replace_all"
  );
}

function noMatch(name: string, text: string, old_text: string): string {
  const missed = `old_text does not occur in ${name}`;
  const near = nearMiss(text, old_text);
  switch (near.kind) {
    case "white_space":
      return `${missed}; at line ${near.line} only the white space differs:\n${brief(near.text)}`;
    case "diverges": {
      const found = near.text === null ? "the file ends" : `the file has\n${brief(near.text)}`;
      const sought = `where old_text has\n${brief(near.sought)}`;
      return `${missed}; it matches from line ${near.from} on, but at line ${near.line} ${found}\n${sought}`;
    }
    case "similar":
      return `${missed}; its first line is most like\n${near.lines.map(numbered).join("\n")}`;
    case "nothing_like_it":
      return `${missed}, nor anything like its first line; read the file again`;
  }
}

const numbered = ({ line, text }: { line: number; text: string }) => `line ${line}: ${brief(text)}`;

const brief = (text: string): string =>
  text.length <= bounds.near_chars ? text : `${text.slice(0, bounds.near_chars)}…`;

function tell(path: string, before: string | null, after: string) {
  const verb = before === null ? "created" : "edited";
  const found = unifiedDiff(path, before, after);
  if (found === null) {
    const lines = `${before?.split("\n").length ?? 0} lines before, ${after.split("\n").length} after`;
    return { summary: `${verb} ${path} (${lines})`, diff: "(too much changed for a diff)" };
  }
  return { summary: `${verb} ${path} (+${found.added} −${found.removed} lines)`, diff: found.diff };
}
