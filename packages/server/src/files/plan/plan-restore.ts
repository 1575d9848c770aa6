import { bounds } from "../bounds.ts";
import { sha256Of } from "../bytes.ts";
import type { EditPlan, FileAs, FileStep, Restoration } from "../edit.ts";
import { FileRefused } from "../refused.ts";
import type { Root } from "../walk.ts";
import { bothSides } from "./both-sides.ts";
import { type Content, type Drafted, type Most, openDraft } from "./draft.ts";
import { planOf } from "./plan-of.ts";
import { quotedPath } from "./quoted-path.ts";

/** Where contents are kept by their hashes; null for one that is gone or damaged. */
export interface KeptContents {
  read(sha256: string): Buffer | null;
}

const MOST: Most = { files: bounds.restored_files, folders: bounds.restored_folders };

/**
 * Plans to put files back to how they were: `before` of a step is what must be there now, `after`
 * what was there. A file whose content is that again already is left as it is. A mode that the steps
 * do not change stays as it is. Of `folders` go those that nothing is left in.
 * @throws FileRefused "conflict" with both sides of what is not as expected, "backup_gone", "too_many"
 */
export function planRestore(
  root: Root,
  { steps, folders }: Restoration,
  edit_id: string,
  kept: KeptContents,
): EditPlan {
  const draft = openDraft(root, MOST);
  const found = steps.map(({ path, after }) => draft.at(path, after === null ? "take" : "write"));
  const conflicts = steps.flatMap((step, i) => conflictAt(step, found[i]!, kept));
  if (conflicts.length > 0) throw new FileRefused("conflict", conflicts.join("\n"));
  const contents = withThose(found, kept);
  for (const [i, step] of steps.entries()) {
    if (!isAs(found[i]!, step.before)) continue;
    if (step.after === null) draft.remove(step.path);
    else {
      const content = contentOf(step.path, step.after, contents);
      draft.restore(step.path, { ...asNow(step, step.after), bytes: content }, originOf(step));
    }
  }
  return { ...planOf(draft, edit_id), emptied: innermostFirst(folders) };

  /** What somebody else changed of a file since, its mode, is theirs. */
  function asNow({ path, before }: FileStep, after: FileAs): Omit<Content, "bytes"> {
    const now = draft.files().find((file) => file.path === path)?.before;
    return now && before?.mode === after.mode ? now : after;
  }
}

const innermostFirst = (folders: readonly string[]): string[] =>
  [...new Set(folders)].toSorted().toReversed();

const originOf = ({ path, before, moved_from }: FileStep): string | null =>
  moved_from ?? (before === null ? null : path);

function conflictAt(
  { path, before, after }: FileStep,
  file: Drafted,
  kept: KeptContents,
): string[] {
  if (file.path !== path)
    return [`${quotedPath(path)} leads to ${quotedPath(file.path)} now, through a link`];
  if (isAs(file, before) || isAs(file, after)) return [];
  const bytes = file.now?.bytes ?? null;
  const expected = before && kept.read(before.sha256);
  return before !== null && expected === null
    ? [`${quotedPath(path)} was changed since; what it was is not kept any more`]
    : [bothSides(path, expected, bytes)];
}

const isAs = ({ now }: Drafted, as: FileStep["before"]): boolean =>
  (now && sha256Of(now.bytes)) === (as && as.sha256);

/** What is moved back needs no backup: it is there. */
function withThose(found: readonly Drafted[], kept: KeptContents): KeptContents {
  const there = new Map(
    found.flatMap(({ now }) => (now === null ? [] : [[sha256Of(now.bytes), now.bytes]])),
  );
  return { read: (sha256) => there.get(sha256) ?? kept.read(sha256) };
}

function contentOf(path: string, { sha256, size_bytes }: FileAs, kept: KeptContents): Buffer {
  const bytes = kept.read(sha256);
  if (bytes !== null) return bytes;
  throw new FileRefused(
    "backup_gone",
    `what ${JSON.stringify(path)} was (${size_bytes} bytes, ${sha256}) is not kept any more`,
  );
}
