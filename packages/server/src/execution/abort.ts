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
