import fc from "fast-check";
import { expect, test } from "vitest";
import {
  afterRecheck,
  afterRefusal,
  credentialDefaults,
  type CredentialState,
  KeptCredential,
  keptCredential,
  liveCredential,
  needsRecheck,
  recheckDue,
  restoredCredential,
} from "../../../src/providers/policy/credential.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

const rechecksOf = (credential: CredentialState): number | null =>
  credential.state === "retired" ? credential.recheck_at_ms : null;

test("one refusal retires a key at once; those that were under way change nothing", () => {
  const retired = afterRefusal(liveCredential, "auth", 5);
  expect(retired).toMatchObject({ state: "retired", cause: "auth", since_ms: 5 });
  expect(afterRefusal(retired, "payment", 6)).toBe(retired);
});

test("it is looked at again after ten minutes, then each time twice as late, up to six hours", () => {
  let credential = afterRefusal(liveCredential, "auth", 0);
  const waits: number[] = [];
  for (let i = 0; i < 9; i += 1) {
    const at = rechecksOf(credential)!;
    expect(needsRecheck(credential, at - 1)).toBe(false);
    expect(needsRecheck(credential, at)).toBe(true);
    credential = afterRecheck(credential, "auth", at);
    waits.push((rechecksOf(credential)! - at) / MINUTE_MS);
  }
  expect(waits).toEqual([20, 40, 80, 160, 320, 360, 360, 360, 360]);
  expect(credential).toMatchObject({ since_ms: 0 });
});

test("credit that was used up is looked for every ten minutes", () => {
  const retired = afterRefusal(liveCredential, "payment", 0);
  expect(rechecksOf(retired)).toBe(10 * MINUTE_MS);
  expect(rechecksOf(afterRecheck(retired, "payment", HOUR_MS))).toBe(HOUR_MS + 10 * MINUTE_MS);
});

test("a key that is taken again is live", () => {
  const retired = afterRefusal(liveCredential, "auth", 0);
  expect(afterRecheck(retired, "taken", HOUR_MS)).toEqual(liveCredential);
  expect(needsRecheck(liveCredential, HOUR_MS)).toBe(false);
});

test("a recheck that told nothing moves the next one as a refusal does, and retires none", () => {
  const retired = afterRefusal(liveCredential, "auth", 0);
  const vain = afterRecheck(retired, "nothing", HOUR_MS);
  expect(vain).toEqual(afterRecheck(retired, "auth", HOUR_MS));
  expect(afterRecheck(liveCredential, "nothing", HOUR_MS)).toBe(liveCredential);
});

test("one that may be taken again is rechecked at once", () => {
  const retired = afterRefusal(liveCredential, "auth", 0);
  expect(needsRecheck(recheckDue(retired, 5), 5)).toBe(true);
  expect(recheckDue(liveCredential, 5)).toBe(liveCredential);
});

test("a restart keeps it; a wall clock that was set meanwhile does no harm", () => {
  const wall = fc.integer({ min: -1e12, max: 1e12 });
  fc.assert(
    fc.property(fc.constantFrom("auth", "payment"), fc.nat(9), wall, (cause, refusals, step_ms) => {
      let credential = afterRefusal(liveCredential, cause, 1_000);
      for (let i = 0; i < refusals; i += 1) credential = afterRecheck(credential, cause, 2_000);
      const kept = keptCredential(credential, 2_000, 1_700_000_000_000);
      expect(KeptCredential.parse(JSON.parse(JSON.stringify(kept)))).toEqual(kept);
      const back = restoredCredential(kept, 50, 1_700_000_000_000 + step_ms);
      const left_ms = rechecksOf(back)! - 50;
      expect(left_ms).toBeGreaterThanOrEqual(0);
      expect(left_ms).toBeLessThanOrEqual(credentialDefaults.longest_recheck_ms);
      expect(back).toMatchObject({ state: "retired", cause });
    }),
  );
  const kept = keptCredential(afterRefusal(liveCredential, "auth", 0), 1_000, 500_000);
  expect(restoredCredential(kept, 9_000, 501_000)).toMatchObject({
    since_ms: 7_000,
    recheck_at_ms: 607_000,
  });
  expect(restoredCredential({ state: "live" }, 0, 0)).toEqual(liveCredential);
});
