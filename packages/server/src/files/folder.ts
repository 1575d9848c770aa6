import type { Dirent } from "node:fs";
import { opendir } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";

export interface Entry {
  readonly name: string;
  readonly kind: "file" | "folder" | "link" | "other";
}

const READ_AT_ONCE = 256;

/** These are named in listings but not entered: they hold what tools made, not people. */
const NOT_ENTERED: ReadonlySet<string> = new Set([".git", "node_modules"]);

export const isEntered = ({ kind, name }: Entry): boolean =>
  kind === "folder" && !NOT_ENTERED.has(name);

/** A folder's entries by name; `complete` is false when it has more than `limit_entries`. */
export async function entriesOf(
  folder: FileHandle,
  limit_entries: number,
): Promise<{ entries: Entry[]; complete: boolean }> {
  const entries: Entry[] = [];
  let complete = true;
  const reading = await opendir(`/proc/self/fd/${folder.fd}`, { bufferSize: READ_AT_ONCE });
  for await (const entry of reading) {
    complete = entries.length < limit_entries;
    if (!complete) break;
    entries.push({ name: entry.name, kind: kindOf(entry) });
  }
  return { entries: entries.toSorted(byName), complete };
}

const byName = (a: Entry, b: Entry): number => (a.name < b.name ? -1 : 1);

function kindOf(entry: Dirent): Entry["kind"] {
  if (entry.isDirectory()) return "folder";
  if (entry.isSymbolicLink()) return "link";
  return entry.isFile() ? "file" : "other";
}
