import { constants, openSync } from "node:fs";
import { letGo } from "../descriptor.ts";
import { isErrno } from "../refused.ts";
import type { Spot } from "./ground.ts";

const READ = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK | constants.O_NOCTTY;

/** Lends the original to `use` through its second name; null when it has none. */
export function readOld<T>({ old }: Spot, use: (fd: number) => T): T | null {
  const fd = openIfPresent(old);
  if (fd === null) return null;
  try {
    return use(fd);
  } finally {
    letGo(fd);
  }
}

function openIfPresent(path: string): number | null {
  try {
    return openSync(path, READ);
  } catch (fault) {
    if (isErrno(fault) && fault.code === "ENOENT") return null;
    throw fault;
  }
}
