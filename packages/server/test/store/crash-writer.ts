import { writeSync } from "node:fs";
import type { Batch, Commit, Store } from "../../src/store/store.ts";
import { newSession, note } from "./population.ts";

const WRITERS = 16;
/** It is killed long before; should nobody do it, it ends by itself. */
const BATCHES = 20_000;

/**
 * The body of a child process that is killed while it writes. Each batch is a session with a new id
 * and an event by that id in turn t1; the id is printed when the batch was acknowledged. Its output
 * must be a file: what a file was given outlives a kill, and it is never full.
 */
export async function writeUntilKilled(store: Store): Promise<void> {
  let last = 0;
  const write = async (): Promise<void> => {
    while (last < BATCHES) {
      const id = `c${store.incarnation}-${++last}`;
      await store.commit({ writes: [newSession(store, id), note(store, "t1", id)] });
      writeSync(1, `${id}\n`);
    }
  };
  await Promise.all(Array.from({ length: WRITERS }, write));
  await store.close();
}

/** Planted fault: some of what is acknowledged is on its way to the disk only when more has come. */
export function hasty(store: Store): Store {
  const held: Batch[] = [];
  const commit = async (batch: Batch): Promise<Commit> => {
    held.push(batch);
    // Of as many again nobody awaits an answer any more.
    if (held.length > 2 * WRITERS) await store.commit(held.shift()!);
    return { committed: true, rows: [] };
  };
  return { ...store, commit };
}
