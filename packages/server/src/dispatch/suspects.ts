import type { Clock } from "@mainstay/sdk/clock";
import type { JournalType } from "@mainstay/sdk/events";
import type { Journal } from "../store/journal.ts";

/** Followed this long, a call that runs on has broken nothing: the others need not wait for its end. */
const RUNS_ON_MS = 2_000;

/** After these events a turn has got on: it did not break the server. */
const progress: ReadonlySet<JournalType> = new Set<JournalType>([
  "step_ended",
  "tool_ended",
  "approval_requested",
  "parked",
  "settled",
]);

/** The turns that must prove that they do not break the server (J7), by getting on. */
export interface Suspects {
  add(turn_id: string): void;
  has(turn_id: string): boolean;
  /** Clears those that get on, and tells so. Returns the call that ends it. */
  watch(journal: Pick<Journal, "subscribe">, onCleared: () => void): () => void;
}

export function createSuspects(clock: Pick<Clock, "after">): Suspects {
  const suspects = new Set<string>();
  const trials = new Map<string, () => void>();

  function endTrial(turn_id: string): void {
    trials.get(turn_id)?.();
    trials.delete(turn_id);
  }

  return {
    add: (turn_id) => void suspects.add(turn_id),
    has: (turn_id) => suspects.has(turn_id),
    watch(journal, onCleared) {
      function clear(turn_id: string): void {
        endTrial(turn_id);
        suspects.delete(turn_id);
        onCleared();
      }
      const unsubscribe = journal.subscribe((turn_id, { type }) => {
        if (!suspects.has(turn_id)) return;
        if (progress.has(type)) return clear(turn_id);
        if (type !== "tool_adopted") return;
        endTrial(turn_id);
        trials.set(
          turn_id,
          clock.after(RUNS_ON_MS, () => clear(turn_id)),
        );
      });
      return () => {
        unsubscribe();
        for (const turn_id of trials.keys()) endTrial(turn_id);
      };
    },
  };
}
