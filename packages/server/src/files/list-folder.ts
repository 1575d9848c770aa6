import { bounds } from "./bounds.ts";
import { entriesOf, type Entry, isEntered } from "./entries.ts";
import { FileRefused, isErrno } from "./refused.ts";
import { atPlace, type Folder, type Root, withFolder } from "./walk.ts";

export interface Span {
  /** 1 is the folder's own entries. */
  readonly depth: number;
  readonly limit_entries: number;
}

export interface Listing {
  /** Relative to the workspace, links resolved. */
  readonly path: string;
  /** In the order of a tree; where not all have room, the upper levels are kept. */
  readonly entries: readonly Listed[];
  /** Entries that were seen and left out. */
  readonly more: number;
  /** False when there are more than were looked at. */
  readonly complete: boolean;
}

export interface Listed {
  /** Relative to the listed folder. */
  readonly path: string;
  readonly depth: number;
  readonly kind: Entry["kind"];
}

/** @throws FileRefused when it is no folder of the workspace. */
export function listFolder(root: Root, path: string, span: Span): Listing {
  return atPlace(root, path, "read", ({ folder, missing, name, path: resolved }) => {
    if (missing.length > 0) {
      throw new FileRefused("absent", `${JSON.stringify(path)} does not exist`);
    }
    const survey: Survey = { entries: [], complete: true };
    withFolder(folder, name, (top) => look(top, "", 1, span.depth, survey));
    return { path: resolved, ...selection(survey, span.limit_entries) };
  });
}

interface Survey {
  readonly entries: Listed[];
  complete: boolean;
}

/** All of a folder before what is below it: the upper levels are never the ones left out. */
function look(
  folder: Folder,
  prefix: string,
  depth: number,
  deepest: number,
  survey: Survey,
): void {
  const room = bounds.listed_entries - survey.entries.length;
  const { entries, complete } = entriesOf(folder, room);
  survey.complete &&= complete;
  for (const { name, kind } of entries) survey.entries.push({ path: prefix + name, depth, kind });
  if (depth === deepest) return;
  for (const entry of entries.filter(isEntered)) {
    try {
      withFolder(folder, entry.name, (below) =>
        look(below, `${prefix}${entry.name}/`, depth + 1, deepest, survey),
      );
    } catch (fault) {
      if (!isErrno(fault) && !(fault instanceof FileRefused)) throw fault;
      survey.complete = false;
    }
  }
}

function selection({ entries, complete }: Survey, limit_entries: number) {
  const kept = entries
    .toSorted((a, b) => a.depth - b.depth)
    .slice(0, limit_entries)
    .toSorted((a, b) => (treeOrder(a) < treeOrder(b) ? -1 : 1));
  return { entries: kept, more: entries.length - kept.length, complete };
}

/** A folder, then what is in it, then what follows it. */
const treeOrder = ({ path }: Listed): string => path.replaceAll("/", "\0");
