import { constants } from "node:fs";
import { type FileHandle, open, readlink } from "node:fs/promises";
import { isAbsolute } from "node:path";
import type { WorkspaceRoot } from "../kernel/workspace.ts";
import { refused } from "./folder-rules.ts";

const FOLDER_ONLY = constants.O_RDONLY | constants.O_DIRECTORY;

/**
 * Opens the folder at `path` and hands over where it really is: what is checked and what is looked
 * into is the same folder, whatever is renamed meanwhile.
 *
 * @throws Refusal `workspace_refused`
 */
export async function withFolder<T>(
  path: string,
  use: (folder: WorkspaceRoot, fd_path: string) => Promise<T>,
): Promise<T> {
  if (!isAbsolute(path) || path.includes("\0")) {
    throw refused("its path is not absolute", "send the path from `/` on");
  }
  const handle = await openFolder(path);
  try {
    const fd_path = `/proc/self/fd/${handle.fd}`;
    const { ino, uid } = await handle.stat({ bigint: true });
    const path_now = await readlink(fd_path);
    return await use({ path: path_now, ino: String(ino), owner_uid: Number(uid) }, fd_path);
  } finally {
    await handle.close();
  }
}

async function openFolder(path: string): Promise<FileHandle> {
  try {
    return await open(path, FOLDER_ONLY);
  } catch (error) {
    const { code = "no reason given" } = error as NodeJS.ErrnoException;
    const [reason, fix] = WHY_NOT[code] ?? [`it cannot be opened (${code})`, "name another folder"];
    throw refused(reason, fix);
  }
}

const WHY_NOT: Record<string, readonly [reason: string, fix: string]> = {
  ENOENT: ["it does not exist on the server's host", "create it, or correct the path"],
  ENOTDIR: ["it is not a folder", "name the folder that it lies in"],
  EACCES: ["the server may not open it", "give the server's user access to it"],
};
