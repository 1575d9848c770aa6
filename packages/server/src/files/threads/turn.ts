import { AsyncLocalStorage } from "node:async_hooks";
import { soon } from "@mainstay/sdk/clock";
import type { Signs } from "./signs.ts";
import type { SyncSlots } from "./sync-slots.ts";

/**
 * What a wish does on its thread. It is done in turns: of whoever waited for something, one at a time goes
 * on, and who that is can be seen from the other side.
 */
export interface Wishing {
  readonly number: number;
  readonly signs: Signs;
  readonly slots: SyncSlots;
}

const wishing = new AsyncLocalStorage<Wishing>();

/** Does it in turns. */
export const inTurns = <T>(wish: Wishing, run: () => Promise<T>): Promise<T> =>
  wishing.run(wish, run);

/**
 * Whoever waited awaits this before it goes on: what wakes one may have woken others. It never resolves on
 * a thread that was given up. Outside of threads nobody needs one.
 */
export function turn(): Promise<void> {
  const wish = wishing.getStore();
  if (wish === undefined) return Promise.resolve();
  return new Promise((resolve) => soon(() => wish.signs.enter(wish.number) && resolve()));
}

/** In the midst of a turn that takes long: it does go on. */
export function goesOn(): void {
  const wish = wishing.getStore();
  wish?.signs.goOn(wish.number);
}

/** Of who asks. Null outside of threads. */
export const slotsHere = (): SyncSlots | null => wishing.getStore()?.slots ?? null;
