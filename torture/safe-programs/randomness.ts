import { seeded } from "../seeded.ts";

export interface Randomness {
  /** A whole number below `bound`. */
  below(bound: number): number;
  chance(share: number): boolean;
  pick<T>(of: readonly T[]): T;
}

export function randomness(seed: number): Randomness {
  const next = seeded(seed);
  const below = (bound: number) => Math.floor(next() * bound);
  return {
    below,
    chance: (share) => next() < share,
    pick: (of) => of[below(of.length)]!,
  };
}
