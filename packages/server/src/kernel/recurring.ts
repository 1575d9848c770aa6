import type { Clock } from "@mainstay/sdk/clock";
import type { Actor } from "./lifecycle.ts";

export interface RecurringParts {
  readonly every_ms: number;
  readonly clock: Clock;
  /** The signal is aborted when the series stops. */
  readonly look: (signal: AbortSignal) => Promise<void>;
  readonly onFault: (fault: unknown) => void;
}

/**
 * A look that is taken again and again.
 *
 * 1. One at a time: the next begins `every_ms` after the end of the last.
 * 2. A fault ends a look and not the series. What a stop makes fail is none.
 */
export interface Recurring extends Actor {
  /** Resolves at the end of the first look; who does not wait for it misses nothing. */
  start(): Promise<void>;
}

export function recurring({ every_ms, clock, look, onFault }: RecurringParts): Recurring {
  let stopping: AbortController | null = null;
  let cancel = () => {};
  let looking: Promise<void> = Promise.resolve();

  async function once(signal: AbortSignal): Promise<void> {
    try {
      await look(signal);
    } catch (fault) {
      if (!signal.aborted) onFault(fault);
    }
    if (!signal.aborted) cancel = clock.after(every_ms, () => void next(signal));
  }

  const next = (signal: AbortSignal): Promise<void> => (looking = once(signal));

  return {
    start() {
      if (stopping !== null) return looking;
      stopping = new AbortController();
      return next(stopping.signal);
    },
    async stop() {
      stopping?.abort(new Error("the server is stopping"));
      stopping = null;
      cancel();
      await looking;
    },
  };
}
