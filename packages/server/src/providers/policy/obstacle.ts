/** What keeps a call from being sent now. */
export interface Obstacle {
  /** At least so long; 0 where it hangs on the end of a call; Infinity where it never can be sent. */
  readonly in_ms: number;
  /** In words for the person. */
  readonly reason: string;
}

/** The one that lasts longest; null where there is none. */
export const longest = (obstacles: readonly (Obstacle | null)[]): Obstacle | null =>
  obstacles.reduce(
    (worst, each) => (each !== null && (worst === null || each.in_ms > worst.in_ms) ? each : worst),
    null,
  );
