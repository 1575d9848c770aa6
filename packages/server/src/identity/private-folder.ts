import { lstatSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { WorkspaceRoot } from "../kernel/workspace.ts";
import { withFolder } from "./folder.ts";

/** The folder of a private workspace, made where it is missing; open to nobody else. */
export async function privateFolder(home: string, id: string): Promise<WorkspaceRoot> {
  const path = join(home, "workspaces", id);
  await mkdir(path, { recursive: true, mode: 0o700 });
  return withFolder(path, (folder) => Promise.resolve(folder));
}

/**
 * Whether the folder is the one that its row knows. One look, for every turn takes it; a private
 * folder's parents are the server's own, so that its path leads to nowhere else.
 */
export function isUnmoved(home: string, { id, path, ino, owner_uid }: PrivateRow): boolean {
  if (path !== join(home, "workspaces", id)) return false;
  const now = lstatSync(path, { bigint: true, throwIfNoEntry: false });
  return now?.isDirectory() === true && String(now.ino) === ino && Number(now.uid) === owner_uid;
}

type PrivateRow = WorkspaceRoot & { readonly id: string };
