import { fstatSync, lstatSync, rmdirSync, unlinkSync } from "node:fs";
import { isErrno, saidOf } from "../refused.ts";
import { synced } from "../descriptor.ts";
import { sharedSync } from "../shared-sync.ts";
import type { Folder } from "../walk.ts";

/** Looks first: an exception costs more than a look, and mostly nothing is there. */
export function removeIfPresent(path: string): void {
  if (lstatSync(path, { throwIfNoEntry: false }) !== undefined) unlinkSync(path);
}

/** What could not be removed, a phrase each; `owner` is the file that it lies beside. */
export const removeLeftover = (path: string, owner: string, remove = removeIfPresent): string[] =>
  phrase(`what the edit laid beside ${owner}`, () => remove(path));

/** Stays where somebody has put something into it. */
export const removeFolder = (at: string, path: string): string[] =>
  phrase(`the new folder ${path}`, () => rmdirIfEmpty(at));

export function rmdirIfEmpty(at: string): void {
  try {
    rmdirSync(at);
  } catch (fault) {
    if (!isErrno(fault) || !STAYS.has(fault.code)) throw fault;
  }
}

const STAYS: ReadonlySet<string> = new Set(["ENOENT", "ENOTEMPTY", "EEXIST", "ENOTDIR"]);

function phrase(what: string, remove: () => void): string[] {
  try {
    remove();
    return [];
  } catch (fault) {
    if (isErrno(fault) && fault.code === "ENOENT") return [];
    return [`${what} could not be removed (${saidOf(fault)})`];
  }
}

/** For all edits of this thread: those that end together in one folder share its sync. */
const syncTogether = sharedSync();

/** What the disk did not confirm, a phrase each. */
export async function syncFolders(folders: ReadonlyMap<string, Folder>): Promise<string[]> {
  const phrases = await Promise.all([...folders].map(([path, { fd }]) => unconfirmed(path, fd)));
  return phrases.flat();
}

async function unconfirmed(path: string, fd: number): Promise<string[]> {
  try {
    const { dev, ino } = fstatSync(fd, { bigint: true });
    await syncTogether(`${dev}:${ino}`, () => synced(fd));
    return [];
  } catch (fault) {
    const folder = path === "." ? "the workspace" : path;
    return [`the disk did not confirm the names in ${folder} (${saidOf(fault)})`];
  }
}
