import { type Stats, accessSync, constants } from "node:fs";
import type { WorkspaceRoot } from "../kernel/workspace.ts";
import { FileRefused, isErrno } from "./refused.ts";

/**
 * Whose rights bound what is done in a workspace: its owner's, where the server is root and would
 * lend root's to whoever works there. Null where the kernel itself is the judge.
 */
export type Rights = { readonly uid: number } | null;

export type Right = "read" | "write" | "enter";

const ROOT = 0;
const BIT: Readonly<Record<Right, number>> = { read: 4, write: 2, enter: 1 };

export const rightsIn = ({ owner_uid }: WorkspaceRoot, server_uid: number): Rights =>
  server_uid === ROOT && owner_uid !== ROOT ? { uid: owner_uid } : null;

/** That the server's own user may write to an open file. @throws FileRefused "denied" */
export function demandOfKernel(fd: number, name: string, stat: Stats): void {
  try {
    accessSync(`/proc/self/fd/${fd}`, constants.W_OK);
  } catch (fault) {
    if (!isErrno(fault) || fault.code !== "EACCES") throw fault;
    throw new FileRefused(
      "denied",
      `${JSON.stringify(name)} is read-only: it belongs to uid ${stat.uid} with mode ${octal(stat)}; ` +
        `for an edit it needs chmod u+w, by who owns it`,
      { cause: fault },
    );
  }
}

/**
 * Groups are not looked up: what is another user's must be open to its group and to all others.
 *
 * @throws FileRefused "denied" where the workspace's owner lacks the right.
 */
export function demand(right: Right, name: string, stat: Stats, rights: Rights): void {
  if (rights === null) return;
  const { mode } = stat;
  const bits = stat.uid === rights.uid ? mode >> 6 : (mode >> 3) & mode;
  if ((bits & BIT[right]) !== 0) return;
  throw new FileRefused(
    "denied",
    `${JSON.stringify(name)} belongs to uid ${stat.uid} with mode ${octal(stat)}: the workspace's owner ` +
      `(uid ${rights.uid}) may not ${right} it; ask who owns it for that right`,
  );
}

const octal = ({ mode }: Stats): string => (mode & 0o777).toString(8).padStart(4, "0");
