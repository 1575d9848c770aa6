import { type Dirent, opendirSync } from "node:fs";
import { demandOn, type Folder } from "./walk.ts";

export interface Entry {
  readonly name: string;
  readonly kind: "file" | "folder" | "link" | "other";
}

const READ_AT_ONCE = 256;

/** These are named in listings but not entered: they hold what tools made, not people. */
const NOT_ENTERED: ReadonlySet<string> = new Set([".git", "node_modules"]);

export const isEntered = ({ kind, name }: Entry): boolean =>
  kind === "folder" && !NOT_ENTERED.has(name);

/**
 * A folder's entries by name; `complete` is false when it has more than `limit_entries`.
 * @throws FileRefused when the workspace's owner may not read it.
 */
export function entriesOf(
  folder: Folder,
  limit_entries: number,
): { entries: Entry[]; complete: boolean } {
  demandOn(folder, "read");
  const entries: Entry[] = [];
  const reading = opendirSync(`/proc/self/fd/${folder.fd}`, { bufferSize: READ_AT_ONCE });
  try {
    for (let found = reading.readSync(); found !== null; found = reading.readSync()) {
      if (entries.length === limit_entries) return { entries: sorted(entries), complete: false };
      entries.push({ name: found.name, kind: kindOf(found) });
    }
    return { entries: sorted(entries), complete: true };
  } finally {
    reading.closeSync();
  }
}

const sorted = (entries: Entry[]): Entry[] =>
  entries.toSorted((a, b) => (a.name < b.name ? -1 : 1));

function kindOf(entry: Dirent): Entry["kind"] {
  if (entry.isDirectory()) return "folder";
  if (entry.isSymbolicLink()) return "link";
  return entry.isFile() ? "file" : "other";
}
