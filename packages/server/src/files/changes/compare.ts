import {
  type Changes,
  CHANGES_LIMIT,
  NOT_ENTERED_LIMIT,
  type FileChange,
  type FileState,
} from "@mainstay/sdk/changes";
import { isUntouched, type Sighted, type Snapshot } from "./snapshot.ts";

/**
 * Within it two writes may leave one time: the kernel stamps files by the tick of its clock. What
 * changed so shortly before a snapshot is compared by its bytes (git calls such files racily clean).
 */
const TICK_NS = 20_000_000n;

/** Paths whose times do not prove that they are as they were when the snapshot was taken. */
export const doubtedIn = ({ at_ns, entries }: Snapshot): string[] =>
  entries.flatMap(([path, { kind, ctime_ns }]) =>
    kind === "file" && BigInt(ctime_ns) >= BigInt(at_ns) - TICK_NS ? [path] : [],
  );

/** What differs between two snapshots of one workspace, as far as both reach (C2). */
export function compare(before: Snapshot, after: Snapshot): Omit<Changes, "overlapped"> {
  const reach = lesser(endOf(before), endOf(after));
  const was = new Map(before.entries);
  const is = new Map(after.entries);
  const paths = [...new Set([...was.keys(), ...is.keys()])].filter((path) => isWithin(path, reach));
  const changes = paths.toSorted(inWalkOrder).flatMap((path) => {
    const [one, other] = [was.get(path), is.get(path)];
    return isSame(one, other) ? [] : [changeOf(path, one, other)];
  });
  const files = changes.slice(0, CHANGES_LIMIT);
  return {
    ...{ files, more: changes.length - files.length },
    ...{ not_entered: notEntered(after), incomplete: whyIncomplete(before, after) },
  };
}

/** Deep in them files may have changed of which nothing was seen. */
const notEntered = ({ entries }: Snapshot): string[] =>
  entries
    .flatMap(([path, { kind }]) => (kind === "folder" && !isGit(path) ? [path] : []))
    .slice(0, NOT_ENTERED_LIMIT);

const isGit = (path: string): boolean => path === ".git/" || path.endsWith("/.git/");

/** The same bytes under the same permissions are the same file, whenever it was written. */
function isSame(one: Sighted | undefined, other: Sighted | undefined): boolean {
  if (one === undefined || other === undefined) return one === other;
  if (one.kind !== other.kind || one.mode !== other.mode) return false;
  if (one.sha256 !== null && other.sha256 !== null) return one.sha256 === other.sha256;
  return isUntouched(one, other);
}

function changeOf(path: string, one: Sighted | undefined, other: Sighted | undefined): FileChange {
  const { kind } = (other ?? one)!;
  return { path, kind, before: stateOf(one), after: stateOf(other) };
}

function stateOf(sighted: Sighted | undefined): FileState | null {
  if (sighted === undefined) return null;
  const { kind, sha256, size_bytes, mode } = sighted;
  // What stands for a folder that was not entered is no hash of a content.
  return { sha256: kind === "folder" ? null : sha256, size_bytes, mode };
}

/** The last path that was seen; null where all was. */
const endOf = ({ stopped_by, entries }: Snapshot): string | null =>
  stopped_by === null ? null : (entries.at(-1)?.[0] ?? "");

function lesser(one: string | null, other: string | null): string | null {
  if (one === null || other === null) return one ?? other;
  return inWalkOrder(one, other) <= 0 ? one : other;
}

const isWithin = (path: string, reach: string | null): boolean =>
  reach === null || inWalkOrder(path, reach) <= 0;

function inWalkOrder(one: string, other: string): number {
  const [a, b] = [one.replaceAll("/", "\0"), other.replaceAll("/", "\0")];
  return a < b ? -1 : Number(a > b);
}

function whyIncomplete(before: Snapshot, after: Snapshot): string | null {
  const stopped_by = before.stopped_by ?? after.stopped_by;
  const unnamed = Math.max(before.unnamed, after.unnamed);
  if (stopped_by === null)
    return unnamed === 0 ? null : `${unnamed} files were left out: their names are no text`;
  const seen = Math.min(before.entries.length, after.entries.length);
  const why = stopped_by === "entries" ? "the workspace has more files" : "time ran out";
  return `only the first ${seen} files were compared: ${why}`;
}
