import type { Dirent } from "node:fs";
import { opendir } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import { demand, type Right, type Rights } from "./rights.ts";

/** An open folder of a workspace, and whose rights bound what is done in it. */
export interface Folder {
  readonly handle: FileHandle;
  readonly rights: Rights;
}

/** @throws FileRefused "denied"; `name` is what the message calls the folder. */
export async function demandOn(folder: Folder, right: Right, name = "the folder"): Promise<void> {
  const { handle, rights } = folder;
  if (rights !== null) demand(right, name, await handle.stat(), rights);
}

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
export async function entriesOf(
  folder: Folder,
  limit_entries: number,
): Promise<{ entries: Entry[]; complete: boolean }> {
  const entries: Entry[] = [];
  let complete = true;
  await demandOn(folder, "read");
  const reading = await opendir(`/proc/self/fd/${folder.handle.fd}`, { bufferSize: READ_AT_ONCE });
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
