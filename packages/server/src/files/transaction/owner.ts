import { fchownSync, fstatSync } from "node:fs";
import { isErrno } from "../refused.ts";

export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

export function ownerOf(fd: number): Owner {
  const { uid, gid } = fstatSync(fd);
  return { uid, gid };
}

/** Only root can give files away; for anybody else what they make is theirs. @throws EPERM for "always" */
export function give(fd: number, owner: Owner, when: "always" | "if it can be"): void {
  const has = fstatSync(fd);
  if (has.uid === owner.uid && has.gid === owner.gid) return;
  try {
    fchownSync(fd, owner.uid, owner.gid);
  } catch (fault) {
    if (when === "always" || !isErrno(fault) || fault.code !== "EPERM") throw fault;
  }
}
