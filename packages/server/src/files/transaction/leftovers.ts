import { lstatSync, rmdirSync, unlinkSync } from "node:fs";
import { isErrno, refusalOf } from "../refused.ts";
import { messageOf } from "../../kernel/errors.ts";
import { synced } from "../descriptor.ts";
import type { Folder } from "../walk.ts";

/** Looks first: an exception costs more than a look, and mostly nothing is there. */
export function removeIfPresent(path: string): void {
  if (lstatSync(path, { throwIfNoEntry: false }) !== undefined) unlinkSync(path);
}

/** What could not be removed, a phrase each; `owner` is the file that it lies beside. */
export const removeLeftover = (path: string, owner: string): string[] =>
  phrase(`what the edit laid beside ${owner}`, () => removeIfPresent(path));

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
    return [`${what} could not be removed (${messageOf(refusalOf(what, fault))})`];
  }
}

/** What the disk did not confirm, a phrase each. */
export async function syncFolders(folders: ReadonlyMap<string, Folder>): Promise<string[]> {
  const outcomes = [...folders].map(async ([path, { fd }]) => {
    try {
      await synced(fd);
      return [];
    } catch (fault) {
      const folder = path === "." ? "the workspace" : path;
      return [`the disk did not confirm the names in ${folder} (${messageOf(fault)})`];
    }
  });
  return (await Promise.all(outcomes)).flat();
}
