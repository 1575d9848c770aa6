import { constants, openSync } from "node:fs";
import { isErrno } from "./refused.ts";

/** Follows no link, and waits for no FIFO. */
const READ = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK | constants.O_NOCTTY;

/** The caller closes it. */
export const openToRead = (path: string): number => openSync(path, READ);

/** The same; null when nothing has that name. */
export function openIfPresent(path: string): number | null {
  try {
    return openToRead(path);
  } catch (fault) {
    if (isErrno(fault) && fault.code === "ENOENT") return null;
    throw fault;
  }
}
