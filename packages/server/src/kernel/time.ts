import { isoTime } from "@mainstay/sdk/clock";

export { isoTime };

/** The day in UTC of a wall time in milliseconds: `2026-01-31`. */
export const dayOf = (at_ms: number): string => isoTime(at_ms).slice(0, 10);

/** Back from `isoTime`. */
export const timeOf = (iso: string): number => Date.parse(iso);
