import type { QueuePlace } from "@mainstay/sdk/turn";

const UNKNOWN_TURN_S = 15;
const MEMORY_TURNS = 50;

/** Remembers how long turns take, to tell those who wait how long it may be. */
export interface TurnPace {
  record(duration_ms: number): void;
  /** Seconds: the median of the last turns, or a guess while there is none. */
  typical_s(): number;
}

export function createTurnPace(): TurnPace {
  const recent_s: number[] = [];
  return {
    record(duration_ms) {
      recent_s.push(duration_ms / 1000);
      if (recent_s.length > MEMORY_TURNS) recent_s.shift();
    },
    typical_s() {
      if (recent_s.length === 0) return UNKNOWN_TURN_S;
      const sorted = recent_s.toSorted((a, b) => a - b);
      return sorted[Math.floor(sorted.length / 2)]!;
    },
  };
}

export interface Ahead {
  /** Waiting turns before it, itself included: in all, of its person, of its session. */
  readonly in_all: number;
  readonly of_person: number;
  readonly of_session: number;
}

export interface SeatCount {
  readonly running_turns: number;
  readonly running_turns_a_person: number;
}

/**
 * What a waiting person is told: as many rounds of a typical turn as its tightest queue needs (the
 * house has seats, a person has some of them, a session has one), and twice that at the latest.
 * Without a typical turn (null) nothing is promised.
 */
export function placeInQueue(
  ahead: Ahead,
  seats: SeatCount,
  typical_s: number | null,
  reason: string,
): QueuePlace {
  const position = ahead.in_all;
  if (typical_s === null) return { position, eta_s: null, no_later_than_s: null, reason };
  const rounds = Math.max(
    Math.ceil(ahead.in_all / seats.running_turns),
    Math.ceil(ahead.of_person / seats.running_turns_a_person),
    ahead.of_session,
  );
  const eta_s = round(rounds * typical_s);
  return { position, eta_s, no_later_than_s: round(2 * eta_s), reason };
}

const round = (seconds: number): number => Math.ceil(seconds * 10) / 10;
