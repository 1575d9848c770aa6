import { bounds } from "../bounds.ts";
import { sha256Of } from "../bytes.ts";
import type { EditPlan, EditPreview, FileAs, FileStep } from "../edit.ts";
import { FileRefused } from "../refused.ts";
import type { Content, Draft, Drafted, Most } from "./draft.ts";
import { cut, shown, wholeDiff } from "./line-diff.ts";
import { tellEdit, type ToldFile } from "./tell-edit.ts";

/** A draft as a plan: what is as it was found is no step of it. @throws FileRefused past a bound. */
export function planOf(draft: Draft, edit_id: string): EditPlan {
  const files = changedOf(draft);
  const { summary, lines } = tellEdit(files.map(toldOf));
  return {
    edit_id,
    steps: files.map(stepOf),
    folders: foldersOf(files, draft.most),
    emptied: [],
    contents: files.map(({ before, now }) => ({
      before: before?.bytes ?? null,
      after: now?.bytes ?? null,
    })),
    diff: shown(lines, bounds.diff),
    summary,
  };
}

/** The same for who decides by what it shows: every line that there is room for, whatever changed. */
export function previewOf(draft: Draft): EditPreview {
  const files = changedOf(draft);
  const { lines } = tellEdit(files.map(toldOf), wholeDiff);
  const { hidden_lines } = cut(lines, bounds.whole_diff);
  const diff = shown(lines, bounds.whole_diff);
  return { steps: files.map(stepOf), folders: foldersOf(files, draft.most), diff, hidden_lines };
}

function changedOf(draft: Draft): Changed[] {
  const changed = draft.files().filter(({ before, now }) => !isSame(before, now));
  refuseMany(changed, draft.most);
  const changed_paths = new Set(changed.map(({ path }) => path));
  return changed.map((file) => ({ ...file, ...movedFrom(file, changed_paths) }));
}

function isSame(one: Content | null, other: Content | null): boolean {
  if (one === null || other === null) return one === other;
  return one.mode === other.mode && one.bytes.equals(other.bytes);
}

/** Where it comes from is told of what changes there, too. */
function movedFrom(
  { path, now, origin }: Drafted,
  changed: ReadonlySet<string>,
): Pick<FileStep, "moved_from"> {
  if (now === null || origin === null || origin === path || !changed.has(origin)) return {};
  return { moved_from: origin };
}

type Changed = Drafted & Pick<FileStep, "moved_from">;

const stepOf = ({ path, before, now, moved_from }: Changed): FileStep => ({
  ...{ path, before: stateOf(before), after: stateOf(now) },
  ...(moved_from === undefined ? {} : { moved_from }),
});

const stateOf = (content: Content | null): FileAs | null =>
  content === null
    ? null
    : {
        sha256: sha256Of(content.bytes),
        size_bytes: content.bytes.length,
        ...{ mode: content.mode, uid: content.uid, gid: content.gid },
      };

const toldOf = ({ path, before, now, moved_from }: Changed): ToldFile => ({
  ...{ path, before, after: now },
  ...(moved_from === undefined ? {} : { moved_from }),
});

/** @throws FileRefused where a folder would have to be a file, too, or they are too many. */
function foldersOf(files: readonly Changed[], most: Most): string[] {
  const made = files.filter(({ now }) => now !== null);
  const folders = [...new Set(made.flatMap(({ missing }) => missing))];
  if (folders.length > most.folders) {
    throw new FileRefused(
      "too_many",
      `this edit would create ${folders.length} folders; the bound is ${most.folders}`,
    );
  }
  const both = made.find(({ path }) => folders.includes(path));
  if (both === undefined) return folders;
  throw new FileRefused(
    "malformed",
    `${JSON.stringify(both.path)} would have to be a file and a folder`,
  );
}

function refuseMany(files: readonly Drafted[], most: Most): void {
  if (files.length <= most.files) return;
  throw new FileRefused(
    "too_many",
    `this edit changes ${files.length} files; one edit changes up to ${most.files}`,
  );
}
