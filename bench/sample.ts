/** Durations of one kind of event, milliseconds each. */
export type Sample = readonly number[];

/** Nearest rank; NaN of an empty sample. */
export function percentile(sample: Sample, percent: number): number {
  const sorted = sample.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil((percent / 100) * sorted.length) - 1)] ?? Number.NaN;
}

export const median = (sample: Sample): number => percentile(sample, 50);
