import type { Clock } from "@mainstay/sdk/clock";
import { Stopping } from "../kernel/errors.ts";

/** What `work` comes to; rejects with the signal's reason when that aborts first. */
export function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason);
    if (signal.aborted) abort();
    signal.addEventListener("abort", abort, { once: true });
    void work.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
  });
}

/** What `work` comes to; rejects where that takes longer, and what comes later is dropped. */
export function unlessLate<T>(work: Promise<T>, limit_ms: number, clock: Clock): Promise<T> {
  const late = Promise.withResolvers<never>();
  const disarm = clock.after(limit_ms, () => late.reject(new Error("it does not answer")));
  return Promise.race([work, late.promise]).finally(disarm);
}

/**
 * Calls `run` once somebody wants the work to end, at once if so already; a server that stops wants
 * no such thing. Returns what ends the watch.
 */
export function onCancel(signal: AbortSignal, run: () => void): () => void {
  const look = () => {
    if (!(signal.reason instanceof Stopping)) run();
  };
  if (signal.aborted) look();
  signal.addEventListener("abort", look, { once: true });
  return () => signal.removeEventListener("abort", look);
}
