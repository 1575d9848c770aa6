import { closeSync, ftruncateSync, openSync, writeSync } from "node:fs";

/** Takes the last byte of a disk, then gives some back. */
export function fill(file: string, leaving_bytes = 0): void {
  const fd = openSync(file, "w");
  try {
    let taken = 0;
    for (let size = 65_536; size >= 1; size = Math.floor(size / 2))
      taken += writeWhileThereIsRoom(fd, size);
    if (leaving_bytes > 0) ftruncateSync(fd, Math.max(0, taken - leaving_bytes));
  } finally {
    closeSync(fd);
  }
}

function writeWhileThereIsRoom(fd: number, size: number): number {
  const bytes = Buffer.alloc(size, 1);
  let written = 0;
  try {
    for (let more = writeSync(fd, bytes); more > 0; more = writeSync(fd, bytes)) written += more;
  } catch (fault) {
    if ((fault as NodeJS.ErrnoException).code !== "ENOSPC") throw fault;
  }
  return written;
}
