import { expect } from "vitest";
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

/** Said of a fault whose call was not made this time. */
export const NEVER_STRUCK = "it never struck";
const MISSED_SHARE = 0.05;

/** What is wrong under faults at system calls. Syncs that meet are one, so a few calls come and go. */
export function findings() {
  const found: string[] = [];
  let tried = 0;
  let missed = 0;
  return {
    add(where: string, wrong: readonly string[]): void {
      tried++;
      if (wrong.includes(NEVER_STRUCK)) missed++;
      const rest = wrong.filter((what) => what !== NEVER_STRUCK);
      if (rest.length > 0) found.push(`${where}: ${rest.join("; ")}`);
    },
    /** How many were tried; shows the first of what is wrong. */
    judge(shown: number): number {
      expect(found.slice(0, shown), `${found.length} of ${tried}`).toEqual([]);
      expect(missed, `of ${tried} that never struck`).toBeLessThanOrEqual(
        Math.ceil(tried * MISSED_SHARE),
      );
      return tried;
    },
  };
}
