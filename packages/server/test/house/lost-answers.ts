import type { JournalType } from "@mainstay/sdk/events";
import { StoreFault } from "../../src/kernel/errors.ts";
import {
  refuseFaulted,
  type StatusListener,
  type Store,
  type StoreStatus,
} from "../../src/store/store.ts";

/** A store whose disk keeps a batch and loses the answer, as the port allows: refused is not absent. */
export interface LostAnswers {
  /** Put it over the real store. */
  readonly over: (store: Store) => Store;
  /** The next batch with an event of this type is kept and refused; resolves then. */
  lose(type: JournalType): Promise<void>;
  /** The store takes writes again. */
  recover(): void;
}

export function lostAnswers(): LostAnswers {
  const listeners = new Set<StatusListener>();
  let status: StoreStatus = { state: "writing" };
  let loss: { type: string; struck: () => void } | null = null;

  function become(next: StoreStatus): void {
    status = next;
    for (const listener of listeners) listener(next);
  }

  return {
    over: (store) => ({
      ...store,
      status: () => status,
      onStatus(listener) {
        listeners.add(listener);
        return () => listeners.delete(listener);
      },
      async commit(batch) {
        refuseFaulted(status);
        const strikes = batch.writes.some(({ parameters }) => parameters.includes(loss?.type));
        const done = await store.commit(batch);
        if (loss === null || !strikes) return done;
        become({ state: "faulted", cause: "io", message: "disk I/O error", since: 0 });
        loss.struck();
        loss = null;
        throw new StoreFault("disk I/O error", { cause_kind: "io" });
      },
    }),
    lose: (type) =>
      new Promise((struck) => {
        loss = { type, struck };
      }),
    recover: () => become({ state: "writing" }),
  };
}
