import fc from "fast-check";
import { expect, test } from "vitest";
import {
  admits,
  afterFault,
  afterProbe,
  afterSuccess,
  type Breaker,
  breakerDefaults,
  closedBreaker,
  needsProbe,
  trip,
} from "../../../src/providers/policy/breaker.ts";
import { type AttemptCode, traits } from "../../../src/providers/policy/codes.ts";
import { kept, KeptBreaker, restored } from "../../../src/providers/policy/kept-breaker.ts";

const never_jitters = () => 0;
const codes = Object.keys(traits) as AttemptCode[];
const blaming = codes.filter((code) => traits[code].blames === "target");
const harmless = codes.filter((code) => traits[code].blames !== "target");

type Happening =
  | { readonly what: "success"; readonly after_ms: number }
  | { readonly what: "fault"; readonly code: AttemptCode; readonly after_ms: number }
  | { readonly what: "probe"; readonly met: AttemptCode | null; readonly after_ms: number }
  | { readonly what: "trip"; readonly after_ms: number };

const someTime = fc.oneof(fc.nat(100), fc.nat(20_000), fc.nat(900_000));
const someHappening: fc.Arbitrary<Happening> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ what: fc.constant("success" as const), after_ms: someTime }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      what: fc.constant("fault" as const),
      code: fc.constantFrom(...codes),
      after_ms: someTime,
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      what: fc.constant("probe" as const),
      met: fc.option(fc.constantFrom(...codes)),
      after_ms: someTime,
    }),
  },
  { weight: 1, arbitrary: fc.record({ what: fc.constant("trip" as const), after_ms: someTime }) },
);
const someHappenings = fc.array(someHappening, { maxLength: 120, size: "max" });

function happens(breaker: Breaker, happening: Happening, now_ms: number): Breaker {
  switch (happening.what) {
    case "success":
      return afterSuccess(breaker, now_ms);
    case "fault":
      return afterFault(breaker, happening.code, now_ms, never_jitters);
    case "probe":
      return afterProbe(breaker, happening.met, now_ms, never_jitters);
    case "trip":
      return trip(breaker, "errors are on the rise", now_ms, never_jitters);
  }
}

/** Calls `look` with every step of what happened. */
function walk(
  happenings: readonly Happening[],
  look: (before: Breaker, after: Breaker, happening: Happening, now_ms: number) => void,
): void {
  let breaker: Breaker = closedBreaker;
  let now_ms = 0;
  for (const happening of happenings) {
    now_ms += happening.after_ms;
    const next = happens(breaker, happening, now_ms);
    look(breaker, next, happening, now_ms);
    breaker = next;
  }
}

/** A breaker that opened so many times in a row, each probe failing. */
function openedTimes(times: number, now_ms = 0): Breaker {
  let breaker = afterFault(closedBreaker, "first_token_timeout", now_ms, never_jitters);
  for (let i = 1; i < times; i += 1)
    breaker = afterProbe(breaker, "overload", now_ms, never_jitters);
  return breaker;
}

const halfOpen = (): Breaker => {
  let breaker = openedTimes(1);
  for (let i = 0; i < breakerDefaults.good_probes; i += 1)
    breaker = afterProbe(breaker, null, 5_000, never_jitters);
  return breaker;
};

test("it opens after three faults in a row, and a success between them makes them none", () => {
  const fail = (breaker: Breaker) => afterFault(breaker, "server_error", 0, never_jitters);
  expect(fail(fail(closedBreaker)).state).toBe("closed");
  expect(fail(fail(fail(closedBreaker)))).toMatchObject({ state: "open", cause: "server_error" });
  expect(fail(fail(afterSuccess(fail(fail(closedBreaker)), 0))).state).toBe("closed");
});

test.each(["first_token_timeout", "stalled", "timed_out", "not_found"] as const)(
  "one %s opens it at once",
  (code) => {
    const breaker = afterFault(closedBreaker, code, 7, never_jitters);
    expect(breaker).toMatchObject({ state: "open", cause: code, until_ms: 5_007 });
  },
);

test("it opens when half of its last calls failed, though never three in a row", () => {
  let breaker: Breaker = closedBreaker;
  let calls = 0;
  for (; breaker.state === "closed" && calls < 40; calls += 1)
    breaker =
      calls % 2 === 0
        ? afterSuccess(breaker, calls)
        : afterFault(breaker, "server_error", calls, never_jitters);
  expect(breaker.state).toBe("open");
  expect(calls).toBe(breakerDefaults.least_calls);
});

test("what blames the request, the key or nobody never counts (3)", () => {
  expect(harmless).toEqual(expect.arrayContaining(["rejected", "context_too_long", "cancelled"]));
  expect(blaming).toEqual(expect.arrayContaining(["invalid_call", "planning", "empty", "connect"]));
  fc.assert(
    fc.property(someHappenings, fc.constantFrom(...harmless), (happenings, code) => {
      walk(happenings, (_, breaker, __, now_ms) =>
        expect(afterFault(breaker, code, now_ms, never_jitters)).toBe(breaker),
      );
    }),
  );
});

test("it never goes from open to closed, and never closes on one success (2)", () => {
  fc.assert(
    fc.property(someHappenings, (happenings) => {
      let good = 0;
      walk(happenings, (before, after, happening) => {
        if (before.state === "open") expect(after.state).not.toBe("closed");
        const is_good =
          happening.what === "success" || (happening.what === "probe" && happening.met === null);
        if (after.state === "open" && before.state !== "open") good = 0;
        else if (before.state !== "closed" && is_good) good += 1;
        if (before.state === "closed" || after.state !== "closed") return;
        const { good_probes, successes_a_level, shares } = breakerDefaults;
        expect(good).toBeGreaterThanOrEqual(good_probes + successes_a_level * shares.length);
      });
    }),
    { numRuns: 300, seed: 7 },
  );
  let breaker = halfOpen();
  for (let i = 1; breaker.state === "half_open"; i += 1) {
    breaker = afterSuccess(breaker, i);
    if (breaker.state === "closed") expect(i).toBe(12);
  }
});

test("nobody is sent to an open one, whatever the time (1)", () => {
  fc.assert(
    fc.property(
      someHappenings,
      fc.double({ min: 0, max: 0.999, noNaN: true }),
      (happenings, at) => {
        walk(happenings, (_, breaker) => {
          if (breaker.state === "open") expect(admits(breaker, () => at)).toBe(false);
          if (breaker.state === "closed") expect(admits(breaker, () => at)).toBe(true);
        });
      },
    ),
  );
});

test("a half-open one gets a tenth first, then more, level by level", () => {
  const shares: number[] = [];
  let breaker = halfOpen();
  for (let i = 0; breaker.state === "half_open"; i += 1) {
    const draws = Array.from({ length: 1_000 }, (_, draw) => draw / 1_000);
    const now = breaker;
    shares.push(draws.filter((draw) => admits(now, () => draw)).length / 1_000);
    breaker = afterSuccess(breaker, i);
  }
  expect(shares).toEqual([0.1, 0.25, 0.5, 1].flatMap((share) => [share, share, share]));
});

test("one fault while half-open opens it again, for longer", () => {
  const again = afterFault(halfOpen(), "overload", 6_000, never_jitters);
  expect(again).toMatchObject({ state: "open", cause: "overload", until_ms: 16_000, times: 2 });
});

test("cool-downs double to one minute, with a jitter that only shortens", () => {
  const waits = [1, 2, 3, 4, 5, 6, 7, 8, 30].map((times) => {
    const breaker = openedTimes(times);
    return breaker.state === "open" ? breaker.until_ms : null;
  });
  expect(waits).toEqual([5_000, 10_000, 20_000, 40_000, 60_000, 60_000, 60_000, 60_000, 60_000]);
  const jittered = afterFault(closedBreaker, "stalled", 0, () => 0.999);
  expect(jittered.state === "open" && jittered.until_ms).toBeGreaterThanOrEqual(3_750);
});

test("calls that were out when it opened do not lengthen its cool-down (4)", () => {
  const open = openedTimes(1);
  let breaker = open;
  for (const code of blaming) breaker = afterFault(breaker, code, 100, never_jitters);
  expect(breaker).toEqual(open);
});

test("a probe is due when the cool-down has passed; a bad one starts a longer", () => {
  const open = openedTimes(1);
  expect(needsProbe(open, 4_999)).toBe(false);
  expect(needsProbe(open, 5_000)).toBe(true);
  const once = afterProbe(open, null, 5_000, never_jitters);
  expect(once.state).toBe("open");
  expect(needsProbe(once, 6_000)).toBe(true);
  expect(afterProbe(once, null, 6_000, never_jitters).state).toBe("half_open");
  const worse = afterProbe(once, "overload", 6_000, never_jitters);
  expect(worse).toMatchObject({ state: "open", until_ms: 16_000, good_probes: 0 });
});

test.each(["rejected", "content", "rate", "auth"] as const)(
  "a probe that meets %s changes nothing, but the next one is due later each time (3)",
  (code) => {
    for (const before of [openedTimes(1), halfOpen()]) {
      let breaker = before;
      let now_ms = 20_000;
      const waits: number[] = [];
      for (let i = 0; i < 8; i += 1) {
        breaker = afterProbe(breaker, code, now_ms, never_jitters);
        const began_ms = now_ms;
        while (!needsProbe(breaker, now_ms)) now_ms += 1_000;
        waits.push(now_ms - began_ms);
      }
      expect(breaker.state).toBe(before.state);
      expect(waits).toEqual(waits.toSorted((a, b) => a - b));
      expect([waits[0]! >= 10_000, waits.at(-1)]).toEqual([true, 60_000]);
    }
  },
);

test("where nobody asks, probes alone bring it back, in less than two minutes", () => {
  let breaker = openedTimes(1);
  let now_ms = 0;
  for (; breaker.state !== "closed" && now_ms < 600_000; now_ms += 1_000)
    if (needsProbe(breaker, now_ms)) breaker = afterProbe(breaker, null, now_ms, never_jitters);
  expect(breaker.state).toBe("closed");
  expect(now_ms).toBeLessThan(120_000);
});

test("one that opens again soon after it had closed cools down for longer; much later it is forgiven", () => {
  let breaker = halfOpen();
  while (breaker.state === "half_open") breaker = afterSuccess(breaker, 10_000);
  expect(afterFault(breaker, "stalled", 20_000, never_jitters)).toMatchObject({ times: 2 });
  expect(afterFault(breaker, "stalled", 700_000, never_jitters)).toMatchObject({ times: 1 });
});

test("what was seen coming opens it; an open one stays as it is", () => {
  const open = trip(closedBreaker, "its errors rise", 1_000, never_jitters);
  expect(open).toMatchObject({ state: "open", cause: "its errors rise", until_ms: 6_000 });
  expect(trip(open, "again", 2_000, never_jitters)).toBe(open);
  expect(trip(halfOpen(), "again", 2_000, never_jitters)).toMatchObject({ times: 2 });
});

test("a restart keeps it, in a form that its schema takes, and looks at once who is back", () => {
  let unclosed = 0;
  fc.assert(
    fc.property(someHappenings, fc.nat(1_000_000), (happenings, mono_now) => {
      walk(happenings, (_, breaker) => {
        const state = kept(breaker);
        expect(KeptBreaker.parse(JSON.parse(JSON.stringify(state)))).toEqual(state);
        const back = restored(state, mono_now);
        expect(back.state).toBe(breaker.state);
        if (breaker.state !== "closed") unclosed += 1;
        if (back.state === "open") expect(needsProbe(back, mono_now)).toBe(true);
      });
    }),
  );
  expect(unclosed).toBeGreaterThan(500);
});
