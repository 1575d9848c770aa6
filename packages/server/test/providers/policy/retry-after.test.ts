import fc from "fast-check";
import { expect, test } from "vitest";
import { durationMs } from "../../../src/providers/policy/duration.ts";
import { LONGEST_RETRY_AFTER_MS, retryAfterMs } from "../../../src/providers/policy/retry-after.ts";

const NOW = Date.UTC(2026, 0, 31, 12, 0, 0);

test.each([
  ["7.66s", 7_660],
  ["2m59.56s", 179_560],
  ["6m0s", 360_000],
  ["1h2m3s", 3_723_000],
  ["17ms", 17],
  ["34.074824224s", 34_075],
  ["1d", 86_400_000],
  ["12", 12_000],
  ["0.5", 500],
  ["", null],
  ["-5", null],
  ["+5", null],
  ["5 s", null],
  ["1e9", null],
  ["0x10", null],
  ["NaN", null],
  ["Infinity", null],
  ["2m59.56", null],
])("a duration %j is %j ms", (text, ms) => {
  expect(durationMs(text)).toBe(ms);
});

test.each([
  ["seconds", { "retry-after": "8" }, "", 8_000],
  ["half seconds", { "retry-after": " 2.5 " }, "", 2_500],
  ["milliseconds before seconds", { "retry-after-ms": "7660", "retry-after": "8" }, "", 7_660],
  ["a date", { "retry-after": "Sat, 31 Jan 2026 12:01:30 GMT" }, "", 90_000],
  ["a sentence", {}, "Rate limit reached. Please try again in 7.66s. Visit us.", 7_660],
  ["a sentence in minutes", {}, '{"message":"Please try again in 2m59.56s."}', 179_560],
  ["a sentence that ends", {}, "Please retry in 34.5s.", 34_500],
  ["RetryInfo", {}, '{"details":[{"@type":"…RetryInfo","retryDelay":"34s"}]}', 34_000],
  ["the header before the body", { "retry-after": "3" }, "Please try again in 9s", 3_000],
])("%s is read", (_, headers: Record<string, string>, body, ms) => {
  expect(retryAfterMs(headers, body, NOW)).toBe(ms);
});

test.each([
  ["NaN", "NaN"],
  ["nothing", ""],
  ["zero", "0"],
  ["negative", "-5"],
  ["a date that has passed", "Sat, 31 Jan 2026 11:59:59 GMT"],
  ["a date that no calendar has", "Sat, 99 Foo 2026 12:00:00 GMT"],
  ["a date of another form", "2026-02-31T12:00:00Z"],
  ["two values", "5, 10"],
  ["words", "soon"],
])("%s is not meant, and says nothing", (_, text) => {
  expect(retryAfterMs({ "retry-after": text }, "", NOW)).toBeNull();
});

test.each([
  ["24 days", "2073600"],
  ["more than a number holds", "9".repeat(400)],
  ["a date in a far year", "Fri, 31 Dec 9999 23:59:59 GMT"],
])("%s is cut to ten minutes", (_, text) => {
  expect(retryAfterMs({ "retry-after": text }, "", NOW)).toBe(LONGEST_RETRY_AFTER_MS);
});

test("a header that says nothing leaves the word to the body", () => {
  expect(retryAfterMs({ "retry-after": "-1" }, "try again in 20s", NOW)).toBe(20_000);
});

test("whatever is sent, the wait is null or a whole number of milliseconds up to ten minutes", () => {
  const text = fc.oneof(
    fc.string(),
    fc.double().map(String),
    fc.integer().map(String),
    fc.date({ noInvalidDate: true }).map((date) => date.toUTCString()),
    fc.stringMatching(/^[-+0-9.eEhmsd, ]{0,12}$/),
  );
  const body = text.map((said) => `Please try again in ${said}`);
  fc.assert(
    fc.property(text, text, body, (seconds, milliseconds, said) => {
      const headers = { "retry-after": seconds, "retry-after-ms": milliseconds };
      const ms = retryAfterMs(headers, said, NOW);
      if (ms === null) return;
      expect(Number.isInteger(ms)).toBe(true);
      expect(ms).toBeGreaterThan(0);
      expect(ms).toBeLessThanOrEqual(LONGEST_RETRY_AFTER_MS);
    }),
    { numRuns: 2_000 },
  );
});

test("no call is early: the wait is never shorter than what a provider asks for, up to the bound", () => {
  fc.assert(
    fc.property(fc.double({ min: 0.001, max: 600, noNaN: true }), (seconds) => {
      const said = seconds.toFixed(3);
      const ms = retryAfterMs({ "retry-after": said }, "", NOW);
      expect(ms).toBeGreaterThanOrEqual(Number(said) * 1_000 - 1e-6);
    }),
  );
});
