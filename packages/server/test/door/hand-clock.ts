import type { Clock } from "@mainstay/sdk/clock";

interface Timer {
  readonly at: number;
  readonly run: () => void;
}

/** Time that passes by hand. `waiting` says how many timers are armed. */
export function handClock() {
  const timers = new Set<Timer>();
  let time_ms = 0;

  function after(delay_ms: number, run: () => void): () => void {
    const timer = { at: time_ms + delay_ms, run };
    timers.add(timer);
    return () => timers.delete(timer);
  }

  const clock: Clock = {
    now: () => time_ms,
    monotonic: () => time_ms,
    after,
    sleep: (delay_ms, signal) =>
      new Promise((resolve, reject) => {
        if (signal?.aborted) return reject(signal.reason);
        const cancel = after(delay_ms, resolve);
        signal?.addEventListener("abort", () => {
          cancel();
          reject(signal.reason);
        });
      }),
  };

  /** Runs what falls due, in order; what its waiters do runs before the next. */
  async function pass(duration_ms: number): Promise<void> {
    const until = time_ms + duration_ms;
    for (;;) {
      const due = [...timers].filter((timer) => timer.at <= until).sort((a, b) => a.at - b.at)[0];
      if (due === undefined) break;
      timers.delete(due);
      time_ms = due.at;
      due.run();
      await new Promise((resolve) => setImmediate(resolve));
    }
    time_ms = until;
  }

  return { clock, pass, waiting: () => timers.size };
}
