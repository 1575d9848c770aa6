import { letGo } from "../descriptor.ts";
import { openIfPresent } from "../open-file.ts";
import type { Spot } from "./ground.ts";

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
