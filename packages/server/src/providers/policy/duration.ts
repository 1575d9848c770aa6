const UNITS_MS: Readonly<Record<string, number>> = {
  d: 86_400_000,
  h: 3_600_000,
  m: 60_000,
  s: 1_000,
  ms: 1,
};
const WHOLE = /^(?:\d+(?:\.\d+)?(?:ms|[dhms]))+$/;
const PIECE = /(\d+(?:\.\d+)?)(ms|[dhms])/g;
const SECONDS = /^\d+(?:\.\d+)?$/;

/** A millionth of a millisecond is the rounding of floats, no part of the time. */
const FLOAT_DIGITS = 6;

/**
 * A length of time as providers spell it, in whole milliseconds, rounded up: `2m59.56s`, `6m0s`, `17ms`,
 * or a bare number of seconds. Null for anything else, a sign included.
 */
export function durationMs(text: string): number | null {
  if (SECONDS.test(text)) return whole(Number(text) * 1_000);
  if (!WHOLE.test(text)) return null;
  const pieces = [...text.matchAll(PIECE)];
  return whole(
    pieces.reduce((sum, [, count, unit]) => sum + Number(count) * UNITS_MS[unit ?? ""]!, 0),
  );
}

const whole = (ms: number): number => Math.ceil(Number(ms.toFixed(FLOAT_DIGITS)));
