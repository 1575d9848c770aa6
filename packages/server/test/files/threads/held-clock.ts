import type { Clock } from "@mainstay/sdk/clock";

/** Time that stands still until it is moved; what has become due is called in its order. */
export interface HeldClock extends Clock {
  advance(by_ms: number): void;
}

export function heldClock(): HeldClock {
  let now_ms = 0;
  const timers = new Set<{ readonly due_ms: number; run(): void }>();
  const due = () =>
    [...timers].filter(({ due_ms }) => due_ms <= now_ms).toSorted((a, b) => a.due_ms - b.due_ms);
  return {
    now: () => now_ms,
    monotonic: () => now_ms,
    sleep: () => Promise.reject(new Error("nothing here sleeps")),
    after(delay_ms, run) {
      const timer = { due_ms: now_ms + delay_ms, run };
      timers.add(timer);
      return () => void timers.delete(timer);
    },
    advance(by_ms) {
      now_ms += by_ms;
      for (const timer of due()) if (timers.delete(timer)) timer.run();
    },
  };
}

/** Of an answer of a thread, whose last sign of life may be as young as it can be. */
export function passLimitOf(clock: HeldClock): void {
  for (let part = 0; part < 5; part++) clock.advance(5_000);
}
