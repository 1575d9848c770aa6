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

/**
 * What a waiting person is told: a range of 1 to 2 times the expected wait, as the design's
 * estimates are judged at 0.6 to 2 times the expected costs.
 */
export function placeInQueue(
  position: number,
  seats: number,
  typical_s: number,
  reason: string,
): QueuePlace {
  const rounds = Math.ceil(position / seats);
  const eta_s = round(rounds * typical_s);
  return { position, eta_s, no_later_than_s: round(2 * eta_s), reason };
}

const round = (seconds: number): number => Math.ceil(seconds * 10) / 10;
