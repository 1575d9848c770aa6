import { type Stats, fchownSync, fstatSync } from "node:fs";
import { FileRefused, isErrno } from "../refused.ts";
import type { Rights } from "../rights.ts";

export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

/** What is made belongs to whom the system gives it. */
const AS_MADE = -1;
const SET_GROUP_ID = 0o2000;

/**
 * Whose a new file or folder is to be: the workspace's owner's where the server is root, with the group that
 * the system would have given it in a set-group-id folder.
 */
export function ownerIn(rights: Rights, workspace: Stats, folder: Stats): Owner {
  if (rights === null) return { uid: AS_MADE, gid: AS_MADE };
  return { uid: workspace.uid, gid: (folder.mode & SET_GROUP_ID ? folder : workspace).gid };
}

/** Only root can give files away; for anybody else what they make is theirs. */
export function give(fd: number, { uid, gid }: Owner): void {
  const has = fstatSync(fd);
  if (uid === AS_MADE || (has.uid === uid && has.gid === gid)) return;
  try {
    fchownSync(fd, uid, gid);
  } catch (fault) {
    if (!isErrno(fault) || fault.code !== "EPERM") throw fault;
  }
}

/**
 * For what replaces a file of that owner and mode. Its group may be lost where it had no other rights than
 * everybody.
 * @throws FileRefused "denied"
 */
export function giveLike(fd: number, path: string, like: Owner & { readonly mode: number }): void {
  give(fd, like);
  const { uid, gid } = fstatSync(fd);
  const is_open_to_all = ((like.mode >> 3) & 7) === (like.mode & 7);
  if (uid === like.uid && (gid === like.gid || is_open_to_all)) return;
  const take_over = uid === like.uid ? `chgrp ${gid}` : `chown ${uid}:${gid}`;
  throw new FileRefused(
    "denied",
    `${JSON.stringify(path)} belongs to uid:gid ${like.uid}:${like.gid}, and what would replace it to ` +
      `${uid}:${gid}: only root can give it away; first ${take_over} ${JSON.stringify(path)}`,
  );
}
