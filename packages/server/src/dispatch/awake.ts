import type { Clock } from "@mainstay/sdk/clock";

/** Without a seat so long, it is not the models that hold it up. */
const UNSEATED_MS = 10_000;
/** So long in its seat, what it does is its own affair. */
const SEATED_MS = 60_000;

/** The turns that were woken and count as awake. None does for ever: the others wait for them. */
export interface Awake {
  count(): number;
  has(turn_id: string): boolean;
  add(turn_id: string): void;
  seated(turn_id: string): void;
  /** A model answered it. False where it is not awake, or had been answered since it woke. */
  answered(turn_id: string): boolean;
  /** It left its seat, or was not woken after all. False where it was not awake. */
  left(turn_id: string): boolean;
  clear(): void;
}

interface Waking {
  was_answered: boolean;
  cancelBound: () => void;
}

/** @param onLate is called when one has been awake for too long to count */
export function createAwake(clock: Pick<Clock, "after">, onLate: () => void): Awake {
  const awake = new Map<string, Waking>();

  function bound(turn_id: string, limit_ms: number): () => void {
    return clock.after(limit_ms, () => {
      awake.delete(turn_id);
      onLate();
    });
  }

  function left(turn_id: string): boolean {
    awake.get(turn_id)?.cancelBound();
    return awake.delete(turn_id);
  }

  return {
    count: () => awake.size,
    has: (turn_id) => awake.has(turn_id),
    add(turn_id) {
      awake.set(turn_id, { was_answered: false, cancelBound: bound(turn_id, UNSEATED_MS) });
    },
    seated(turn_id) {
      const waking = awake.get(turn_id);
      if (waking === undefined) return;
      waking.cancelBound();
      waking.cancelBound = bound(turn_id, SEATED_MS);
    },
    answered(turn_id) {
      const waking = awake.get(turn_id);
      if (waking === undefined || waking.was_answered) return false;
      return (waking.was_answered = true);
    },
    left,
    clear() {
      for (const turn_id of awake.keys()) left(turn_id);
    },
  };
}
