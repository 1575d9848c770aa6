/** Wall time in milliseconds as ISO 8601 in UTC, the form of every time on the wire. */
export const isoTime = (at_ms: number): string => new Date(at_ms).toISOString();

/** Back from `isoTime`. */
export const timeOf = (iso: string): number => Date.parse(iso);
