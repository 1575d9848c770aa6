import { parsePatch, type StructuredPatch, type StructuredPatchHunk } from "diff";
import { bounds } from "../bounds.ts";
import { FileRefused } from "../refused.ts";
import { recount } from "./recount.ts";

export type Hunk = StructuredPatchHunk;

/** What a patch does to one file. A mode is that of the file afterwards; null leaves it. */
export type FilePatch =
  | { readonly kind: "create"; readonly path: string; readonly mode: number | null; hunks: Hunk[] }
  | { readonly kind: "delete"; readonly path: string; hunks: Hunk[] }
  | {
      readonly kind: "change";
      readonly path: string;
      readonly mode: number | null;
      hunks: Hunk[];
    }
  /** `from` stays when it is a copy. */
  | {
      readonly kind: "move" | "copy";
      readonly from: string;
      readonly path: string;
      readonly mode: number | null;
      hunks: Hunk[];
    };

const NOTHING = "/dev/null";

/** @throws FileRefused for what is no unified diff of text files. */
export function patchFiles(patch: string): FilePatch[] {
  const parsed = parse(recount(patch)).filter(
    ({ oldFileName, hunks }) => oldFileName !== undefined || hunks.length > 0,
  );
  if (parsed.length === 0) {
    throw malformed(
      'it is no unified diff; each file of one starts with "--- a/PATH" and "+++ b/PATH"',
    );
  }
  const hunks = parsed.reduce((sum, file) => sum + file.hunks.length, 0);
  if (hunks > bounds.hunks) {
    throw new FileRefused(
      "too_large",
      `the patch has ${hunks} hunks; the bound is ${bounds.hunks}`,
    );
  }
  return parsed.map(filePatch);
}

function parse(patch: string): StructuredPatch[] {
  try {
    return parsePatch(patch);
  } catch (fault) {
    throw malformed((fault as Error).message);
  }
}

function filePatch(parsed: StructuredPatch): FilePatch {
  const { hunks } = parsed;
  const { from, to } = namesOf(parsed);
  if (parsed.isBinary) throw malformed(`${to} is binary in it; a patch changes text only`);
  const mode = modeOf(parsed.newMode, to);
  if (from === NOTHING || parsed.isCreate) return { kind: "create", path: to, mode, hunks };
  if (to === NOTHING || parsed.isDelete) return { kind: "delete", path: from, hunks };
  if (parsed.isRename) return { kind: "move", from, path: to, mode, hunks };
  if (parsed.isCopy) return { kind: "copy", from, path: to, mode, hunks };
  if (from === to) return { kind: "change", path: to, mode, hunks };
  throw malformed(
    `it names a file ${JSON.stringify(from)} and ${JSON.stringify(to)}; to move it say ` +
      '"rename from" and "rename to" under "diff --git"',
  );
}

/** Git's a/ and b/ go where both have them. */
function namesOf({ oldFileName, newFileName }: StructuredPatch): { from: string; to: string } {
  if (oldFileName === undefined || newFileName === undefined) {
    throw malformed('a hunk in it has no "--- a/PATH" and "+++ b/PATH" before it');
  }
  const prefixed =
    (oldFileName === NOTHING || oldFileName.startsWith("a/")) &&
    (newFileName === NOTHING || newFileName.startsWith("b/"));
  const plain = (name: string) => (prefixed && name !== NOTHING ? name.slice(2) : name);
  return { from: plain(oldFileName), to: plain(newFileName) };
}

const REGULAR = /^100([0-7]{3})$/;

function modeOf(git_mode: string | undefined, path: string): number | null {
  if (git_mode === undefined) return null;
  const [, permissions] = REGULAR.exec(git_mode) ?? [];
  if (permissions !== undefined) return Number.parseInt(permissions, 8);
  throw malformed(`${path} has mode ${git_mode} in it; file tools make regular files only`);
}

export const malformed = (why: string) => new FileRefused("malformed", `the patch: ${why}`);
