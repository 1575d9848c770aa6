/**
 * Time as an argument (habit 4): every package receives a clock, none reads one.
 * Wall time is for people and records; deadlines and durations use the monotonic clock.
 */
export interface Clock {
  /** Wall time, milliseconds since 1970. May step when the system's clock is set. */
  now(): number;
  /** Milliseconds since an arbitrary point; never steps. */
  monotonic(): number;
  /** Resolves after `delay_ms`; rejects with the signal's reason when it aborts first. */
  sleep(delay_ms: number, signal?: AbortSignal): Promise<void>;
  /** Calls `run` once after `delay_ms` unless the returned function is called before. */
  after(delay_ms: number, run: () => void): () => void;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  sleep(delay_ms, signal) {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      const stop = () => {
        clearTimeout(timer);
        reject(signal?.reason);
      };
      const timer = setTimeout(() => {
        signal?.removeEventListener("abort", stop);
        resolve();
      }, delay_ms);
      signal?.addEventListener("abort", stop, { once: true });
    });
  },
  after(delay_ms, run) {
    const timer = setTimeout(run, delay_ms);
    return () => clearTimeout(timer);
  },
};

/** Wall time in milliseconds as ISO 8601 in UTC, the form of every time on the wire. */
export const isoTime = (at_ms: number): string => new Date(at_ms).toISOString();

/** Back from `isoTime`. */
export const timeOf = (iso: string): number => Date.parse(iso);

/** Runs once the events that are ready now have been handled. No time is waited for. */
export const soon = (run: () => void): void => void setImmediate(run);
