import { seed } from "../plan.ts";
import { seeded } from "../seeded.ts";

/** Some of them in a short run, others with another seed. */
export function chosen<T>(all: readonly T[], count: number): readonly T[] {
  const random = seeded(seed);
  return all
    .map((one) => ({ one, at: random() }))
    .sort((a, b) => a.at - b.at)
    .slice(0, count)
    .map(({ one }) => one);
}
