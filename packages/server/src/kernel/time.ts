import { isoTime, timeOf } from "@mainstay/sdk/clock";

export { isoTime, timeOf };

/** The day in UTC of a wall time in milliseconds: `2026-01-31`. */
export const dayOf = (at_ms: number): string => isoTime(at_ms).slice(0, 10);
