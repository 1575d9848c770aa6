import { fchmodSync, linkSync, renameSync, unlinkSync } from "node:fs";
import { readUpTo, sha256Of } from "../bytes.ts";
import { letGo, openFresh, synced, writeAll } from "../descriptor.ts";
import type { FileAs } from "../edit.ts";
import { FileRefused, isErrno } from "../refused.ts";
import { type Sighting, sightingAt, sightingOn } from "./sighting.ts";

/** Set-user-id bits go, as the kernel does on a write: they vouched for the old content. */
export const permissions = (mode: number): number => mode & 0o777;

/** Writes a file under a name that nothing has: whole, on the disk, read back. Returns how it looks. */
export async function writeFresh(
  path: string,
  bytes: Uint8Array,
  as: FileAs,
  giveIt: (fd: number) => void,
): Promise<Sighting> {
  const fd = openFresh(path);
  try {
    writeAll(fd, bytes);
    giveIt(fd);
    fchmodSync(fd, permissions(as.mode));
    await synced(fd);
    refuseOther(fd, as);
    return sightingOn(fd);
  } finally {
    letGo(fd);
  }
}

function refuseOther(fd: number, { sha256, size_bytes }: FileAs): void {
  const written = sha256Of(readUpTo(fd, size_bytes + 1));
  if (written === sha256) return;
  throw new FileRefused("disk_fault", `the disk gave back ${written} for ${sha256}`);
}

/** Gives a file a name that nothing has. @throws EEXIST when something has it by now */
export function appear(from: string, at: string): void {
  if (linked(from, at)) return unlinkSync(from);
  if (sightingAt(at) !== null) {
    throw new FileRefused("conflict", "something of that name appeared meanwhile");
  }
  renameSync(from, at);
}

/** Gives a file a second name; false where the system has no such thing. */
export function linked(from: string, to: string): boolean {
  try {
    linkSync(from, to);
    return true;
  } catch (fault) {
    if (!isErrno(fault) || !NO_LINKS.has(fault.code)) throw fault;
    return false;
  }
}

/** EPERM: the file system has none, or another user's file may have none (`protected_hardlinks`). */
const NO_LINKS: ReadonlySet<string> = new Set([
  "EPERM",
  "EXDEV",
  "EMLINK",
  "ENOSYS",
  "ENOTSUP",
  "EOPNOTSUPP",
]);
