import { timeOf } from "../../kernel/time.ts";
import { durationMs } from "./duration.ts";

/** Longer waits are cut to it: the provider is looked at again then, whatever it said. */
export const LONGEST_RETRY_AFTER_MS = 600_000;

/** The one form of date that HTTP is to be written in; `Date.parse` takes `-5` for a year. */
const HTTP_DATE = /^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/;
const MILLISECONDS = /^\d+(?:\.\d+)?$/;
const TRY_AGAIN_IN = /\b(?:try again|retry) in (\d[\d.dhms]*)/i;
const RETRY_DELAY = /"retryDelay"\s*:\s*"([^"]{1,32})"/;

/**
 * For how long a refusal asks to be left alone, in milliseconds from `now_ms` (wall time): by its
 * headers, else by its body (Groq's and OpenAI's sentence, Google's RetryInfo).
 *
 * Null where nothing is said that can be meant: not a number, negative, zero, a date that has passed. The
 * caller's own back-off decides then, which is never shorter than what such a value would give. What
 * is far off is cut to `LONGEST_RETRY_AFTER_MS`.
 */
export function retryAfterMs(
  headers: Readonly<Record<string, string>>,
  body: string,
  now_ms: number,
): number | null {
  const said = [
    inMilliseconds(headers["retry-after-ms"]),
    inSecondsOrDate(headers["retry-after"], now_ms),
    inWords(RETRY_DELAY.exec(body)?.[1]),
    inWords(TRY_AGAIN_IN.exec(body)?.[1]),
  ].find((ms) => ms !== null && ms > 0);
  return said === undefined || said === null
    ? null
    : Math.min(Math.ceil(said), LONGEST_RETRY_AFTER_MS);
}

const inMilliseconds = (text: string | undefined): number | null =>
  text !== undefined && MILLISECONDS.test(text.trim()) ? Number(text) : null;

function inSecondsOrDate(text: string | undefined, now_ms: number): number | null {
  const said = text?.trim() ?? "";
  return HTTP_DATE.test(said) ? finite(timeOf(said) - now_ms) : inWords(said);
}

/** A sentence's full stop may be taken for a part of the number. */
const inWords = (text: string | undefined): number | null =>
  text === undefined ? null : durationMs(text.replace(/\.$/, ""));

const finite = (ms: number): number | null => (Number.isFinite(ms) ? ms : null);
