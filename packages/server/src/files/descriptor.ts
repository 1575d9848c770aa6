import { closeSync, constants, fstatSync, fsync, openSync, writeSync } from "node:fs";
import { goesOn, slotsHere, turn } from "./threads/turn.ts";

/** Nobody else reads it before it has the mode that it is to have. */
const PRIVATE = 0o600;
const FRESH = constants.O_RDWR | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
const FOLDER = constants.O_RDONLY | constants.O_DIRECTORY;
/** Written at once: on a slow disk more would look as if it hung. */
const CHUNK_BYTES = 1_048_576;

/** A file that was not there before; the caller closes it. */
export const openFresh = (path: string): number => openSync(path, FRESH, PRIVATE);

export function writeAll(fd: number, bytes: Uint8Array): void {
  for (let position = 0; position < bytes.length;) {
    const chunk_bytes = Math.min(bytes.length - position, CHUNK_BYTES);
    position += writeSync(fd, bytes, position, chunk_bytes, position);
    goesOn();
  }
}

const inPool = (fd: number): Promise<void> =>
  new Promise((resolve, reject) => fsync(fd, (fault) => (fault ? reject(fault) : resolve())));

/**
 * On the disk. Waited for, as nothing else is: syncs that are under way at the same time share a
 * commit of the disk.
 */
export async function synced(fd: number): Promise<void> {
  const slots = slotsHere();
  const giveBack = await slots?.take(fstatSync(fd).dev);
  try {
    await inPool(fd);
  } finally {
    giveBack?.();
    await turn();
  }
}

export async function syncFolder(path: string): Promise<void> {
  const fd = openSync(path, FOLDER);
  try {
    await synced(fd);
  } finally {
    letGo(fd);
  }
}

/** Closes what was only read, or is synced already: what the system says to that changes nothing. */
export function letGo(fd: number): void {
  try {
    closeSync(fd);
  } catch {
    // The descriptor is gone whatever close answers.
  }
}
