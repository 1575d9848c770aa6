import type { Clock } from "@mainstay/sdk/clock";

/** What becomes of the executor and its commands when the server stops. */
export type StopMode = "leave" | "end";

export interface Wish {
  readonly why: string;
  readonly how: StopMode;
}

const SAME_WISH_MS = 1_000;

/**
 * Who wants the server's end, and how.
 *
 * 1. The first wish begins a clean end.
 * 2. A wish to end all still counts after one that leaves commands running, at any time.
 * 3. Any other signal after that does not wait for the clean end. A terminal and npm each send one
 *    for the same Ctrl-C, so what comes at once is the same wish.
 */
export interface StopWishes {
  readonly first: Promise<Wish>;
  /** Resolves once somebody wants the commands' end, too. */
  readonly end: Promise<void>;
  wish(why: string, how: StopMode): void;
  signalled(name: string, how: StopMode): void;
}

export function createStopWishes(clock: Clock, hurry: () => void): StopWishes {
  const first = Promise.withResolvers<Wish>();
  const end = Promise.withResolvers<void>();
  let heard: { readonly how: StopMode; readonly at: number } | null = null;

  function wish(why: string, how: StopMode): void {
    if (heard !== null && !(heard.how === "leave" && how === "end")) return;
    heard = { how, at: clock.monotonic() };
    first.resolve({ why, how });
    if (how === "end") end.resolve();
  }

  function signalled(name: string, how: StopMode): void {
    const before = heard;
    wish(name, how);
    if (before === heard && before !== null && clock.monotonic() - before.at > SAME_WISH_MS)
      hurry();
  }

  return { first: first.promise, end: end.promise, wish, signalled };
}
