/**
 * Waiting for a server that is away: it restarts, it crashed, the network is gone. The pauses grow
 * with full jitter, every loss is told, and after `GIVE_UP_MS` in which nobody answered the waiting
 * ends with the last fault.
 */
import { ProblemError, Unreachable } from "./call.ts";
import type { Clock } from "./clock.ts";

export interface OutageParts {
  clock: Clock;
  /** Uniform in [0, 1): spreads the tries of many clients. */
  random: () => number;
}

export interface Outage {
  /** Ends the waiting; what that means is the waiter's to say. */
  signal?: AbortSignal;
  /** Told each time that nobody answered and it will be tried again. */
  on_lost?: (cause: Error) => void;
  /** Told once somebody answers after that. */
  on_back?: () => void;
}

const PAUSE_BASE_MS = 100;
const PAUSE_LIMIT_MS = 2_000;
const GIVE_UP_MS = 60_000;

export type Patience = ReturnType<typeof createPatience>;

export function createPatience({ clock, random }: OutageParts, outage: Outage) {
  let failures = 0;
  let unanswered_since_ms: number | undefined;
  return {
    answered() {
      if (unanswered_since_ms !== undefined) outage.on_back?.();
      unanswered_since_ms = undefined;
    },
    /** The next pause is a short one again. */
    progressed: () => void (failures = 0),
    /** Pauses until the next try, or until the signal aborts. Throws `cause` when it gives up. */
    async wait(cause: Error) {
      unanswered_since_ms ??= clock.monotonic();
      if (clock.monotonic() - unanswered_since_ms >= GIVE_UP_MS) throw cause;
      outage.on_lost?.(cause);
      const limit_ms = Math.min(PAUSE_LIMIT_MS, PAUSE_BASE_MS * 2 ** failures++);
      await clock.sleep(random() * limit_ms, outage.signal).catch(() => undefined);
    },
  };
}

/**
 * Makes a call until somebody answers it, be it with a refusal. The call must be safe to repeat: the
 * answer that was lost may have had its effect. Throws the signal's reason when it aborts.
 */
export async function untilAnswered<T>(
  parts: OutageParts,
  run: () => Promise<T>,
  outage: Outage = {},
): Promise<T> {
  const patience = createPatience(parts, outage);
  for (;;) {
    outage.signal?.throwIfAborted();
    try {
      const answer = await run();
      patience.answered();
      return answer;
    } catch (fault) {
      if (!isAway(fault)) {
        patience.answered();
        throw fault;
      }
      await patience.wait(fault);
    }
  }
}

/** Nobody there, or one who says that another will be. */
export function isAway(fault: unknown): fault is Error {
  if (fault instanceof ProblemError) return fault.problem.code === "shutting_down";
  return fault instanceof Unreachable;
}
