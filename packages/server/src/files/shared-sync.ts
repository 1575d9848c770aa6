import { turn } from "./threads/turn.ts";

interface Syncs {
  running: Promise<void> | null;
  next: Promise<void> | null;
}

/**
 * One sync for all who ask for the same while another one runs: what they wrote is written when it begins.
 * Who asks after it has begun waits for the next.
 */
export type SharedSync = (what: string, sync: () => Promise<void>) => Promise<void>;

export function sharedSync(): SharedSync {
  const under_way = new Map<string, Syncs>();

  async function run(what: string, syncs: Syncs, sync: () => Promise<void>): Promise<void> {
    // How that one ended is told to who asked for it.
    await syncs.running?.catch(() => {});
    syncs.running = syncs.next;
    syncs.next = null;
    try {
      await sync();
    } finally {
      if (syncs.next === null) under_way.delete(what);
    }
  }

  return async (what, sync) => {
    const syncs = under_way.get(what) ?? { running: null, next: null };
    under_way.set(what, syncs);
    try {
      await (syncs.next ??= run(what, syncs, sync));
    } finally {
      await turn();
    }
  };
}
