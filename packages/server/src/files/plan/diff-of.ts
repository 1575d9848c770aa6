import type { EditDiff } from "@mainstay/sdk/edits";
import { bounds } from "../bounds.ts";
import type { EditRecord, FileAs, FileStep } from "../edit.ts";
import { shown, wholeDiff } from "./line-diff.ts";
import type { KeptContents } from "./plan-restore.ts";
import { quotedPath } from "./quoted-path.ts";
import { tellEdit, type ToldContent, type ToldFile } from "./tell-edit.ts";

/** The diff of an edit that is over, from what is kept of it; what is not is a gap. */
export function diffOf({ steps }: Pick<EditRecord, "steps">, kept: KeptContents): EditDiff {
  const files: ToldFile[] = [];
  const gaps: string[] = [];
  for (const step of steps) {
    const file = toldOf(step, kept);
    if (typeof file === "string") gaps.push(file);
    else files.push(file);
  }
  const diff =
    files.length === 0 ? null : shown(tellEdit(files, wholeDiff).lines, bounds.whole_diff);
  return { diff, gaps };
}

/** The file, or why it cannot be shown. */
function toldOf({ path, before, after, moved_from }: FileStep, kept: KeptContents) {
  const was = contentOf(before, kept);
  const is = contentOf(after, kept);
  if (was === undefined) return `${quotedPath(path)}: what it was before is not kept any more`;
  if (is === undefined) return `${quotedPath(path)}: what the edit made of it is not kept any more`;
  return { path, before: was, after: is, ...(moved_from === undefined ? {} : { moved_from }) };
}

/** Undefined: it is gone. */
function contentOf(file: FileAs | null, kept: KeptContents): ToldContent | null | undefined {
  if (file === null) return null;
  const bytes = kept.read(file.sha256);
  return bytes === null ? undefined : { bytes, mode: file.mode };
}
