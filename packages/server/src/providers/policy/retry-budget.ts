/** What a second try at the same target costs, in calls that earn it: a tenth more at most. */
const CALLS_A_RETRY = 10;
/** Second tries in a row before any is earned. */
const BURST = 10;

/**
 * Bounds the second tries at a target: in a long run at most a tenth of the calls, so that trouble is
 * not made worse by asking twice. A try at another target is none.
 */
export interface RetryBudget {
  /** A step asked a model for the first time. */
  earn(): void;
  /** False where nothing is left. */
  spend(): boolean;
}

/** Counts in whole calls, so that no rounding drifts. */
export function createRetryBudget(): RetryBudget {
  let saved_calls = BURST * CALLS_A_RETRY;
  return {
    earn() {
      saved_calls = Math.min(saved_calls + 1, BURST * CALLS_A_RETRY);
    },
    spend() {
      if (saved_calls < CALLS_A_RETRY) return false;
      saved_calls -= CALLS_A_RETRY;
      return true;
    },
  };
}
