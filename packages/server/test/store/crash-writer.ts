import type { Batch, Commit, Store } from "../../src/store/store.ts";
import { newSession, note } from "./population.ts";

const WRITERS = 16;

/**
 * The body of a child process that is killed while it writes: each batch is a session `c<n>` and an
 * event by `c<n>` in turn t1, and is printed when it was acknowledged. Never returns.
 */
export async function writeUntilKilled(store: Store): Promise<never> {
  let last = 0;
  const write = async (): Promise<never> => {
    for (;;) {
      const id = `c${++last}`;
      await store.commit({ writes: [newSession(store, id), note(store, "t1", id)] });
      process.stdout.write(`${id}\n`);
    }
  };
  return Promise.race(Array.from({ length: WRITERS }, write));
}

/** Planted fault: acknowledges before the batch is on its way to the disk. */
export function hasty(store: Store): Store {
  const commit = async (batch: Batch): Promise<Commit> => {
    setImmediate(() => void store.commit(batch));
    return { committed: true, rows: [] };
  };
  return { ...store, commit };
}
