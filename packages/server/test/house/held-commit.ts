import type { JournalType } from "@mainstay/sdk/events";
import { StoreFault } from "../../src/kernel/errors.ts";
import type { Batch, Store } from "../../src/store/store.ts";

const holds = ({ writes }: Batch, type: JournalType): boolean =>
  writes.some(({ parameters }) => parameters.includes(type));

/** A store that keeps the nth batch with an event of this type waiting, once it is on disk. */
export function heldCommit(type: JournalType, nth = 1) {
  let seen = 0;
  const reached = Promise.withResolvers<void>();
  const released = Promise.withResolvers<void>();
  return {
    reached: reached.promise,
    release: released.resolve,
    over: (store: Store): Store => ({
      ...store,
      async commit(batch) {
        const done = await store.commit(batch);
        if (holds(batch, type) && ++seen === nth) {
          reached.resolve();
          await released.promise;
        }
        return done;
      },
    }),
  };
}

/** A store on which no event of this type is ever written, as though the server died before it. */
export const withoutEvent =
  (type: JournalType) =>
  (store: Store): Store => ({
    ...store,
    commit: (batch) =>
      holds(batch, type)
        ? Promise.resolve({ committed: false, guard: "the end" })
        : store.commit(batch),
  });

/** A store on whose disk there is no room for the first batches with an event of this type. */
export function refusedCommit(type: JournalType, times: number) {
  let refused = 0;
  const full = () => Promise.reject(new StoreFault("full", { cause_kind: "disk_full" }));
  return (store: Store): Store => ({
    ...store,
    commit: (batch) => (holds(batch, type) && ++refused <= times ? full() : store.commit(batch)),
  });
}
