import { turn } from "../threads/turn.ts";

/** Paths that are being written by this thread, and what ends when they are free. */
const held = new Map<string, Promise<void>>();

/**
 * One transaction at a time on each path. Paths are taken in one order by all, so that no two wait for each
 * other.
 *
 * @param paths absolute
 */
export async function withLocked<T>(
  paths: readonly string[],
  transact: () => Promise<T>,
): Promise<T> {
  const freed = Promise.withResolvers<void>();
  const taken: string[] = [];
  try {
    for (const path of [...new Set(paths)].toSorted()) {
      for (let other = held.get(path); other !== undefined; other = held.get(path)) {
        await other;
        await turn();
      }
      held.set(path, freed.promise);
      taken.push(path);
    }
    return await transact();
  } finally {
    for (const path of taken) held.delete(path);
    freed.resolve();
  }
}
