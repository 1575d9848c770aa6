import fc from "fast-check";
import { expect, test } from "vitest";
import { KeptRate } from "../../../src/providers/policy/kept-rate.ts";
import { createPacing, type Pacing } from "../../../src/providers/policy/pacing.ts";
import type { RateAsk } from "../../../src/providers/policy/rate-ask.ts";
import type { RateWindow } from "../../../src/providers/policy/rate-headers.ts";
import type { TargetLimits } from "../../../src/providers/target.ts";
import { handClock } from "../../door/hand-clock.ts";
import { simulate } from "./rated-provider.ts";

const unlimited: TargetLimits = {
  concurrency: null,
  requests_per_minute: null,
  tokens_per_minute: null,
};

const ask = (prompt_tokens: number, reply_tokens = 0): RateAsk => ({ prompt_tokens, reply_tokens });

const windowOf = (
  remaining: number,
  resets_in_ms: number,
  more: Partial<RateWindow> = {},
): RateWindow => ({
  ...{ name: "requests a minute", kind: "requests", limit: 10, span_ms: 60_000 },
  ...{ remaining, resets_in_ms },
  ...more,
});

function paced(limits: Partial<TargetLimits> = {}) {
  const time = handClock();
  const pacing = createPacing({ clock: time.clock, limits: { ...unlimited, ...limits } });
  /** A call whose answer told of these windows. */
  const tell = (...windows: RateWindow[]) => pacing.reserve(ask(1))!.settle(null, windows);
  return { pacing, ...time, tell };
}

/** Waits, and says who was served. */
function waiting(
  pacing: Pacing,
  served: string[],
  name: string,
  tokens = 1,
  signal = new AbortController().signal,
) {
  const place = pacing.wait(ask(tokens), signal);
  void place.then(
    () => served.push(name),
    () => served.push(`${name} left`),
  );
  return place;
}

test("where nothing is known, nothing is in the way", () => {
  const { pacing } = paced();
  for (let i = 0; i < 500; i += 1) expect(pacing.reserve(ask(100_000))).not.toBeNull();
});

test("a window that is used up says until when; at its reset it is full", async () => {
  const { pacing, tell, pass } = paced();
  tell(windowOf(0, 7_000));
  expect(pacing.ready(ask(1))).toMatchObject({ ready: false, in_ms: 7_000, never: false });
  expect(pacing.reserve(ask(1))).toBeNull();
  await pass(6_999);
  expect(pacing.reserve(ask(1))).toBeNull();
  await pass(1);
  const places = Array.from({ length: 11 }, () => pacing.reserve(ask(1)));
  expect(places.map((place) => place !== null)).toEqual([...Array(10).fill(true), false]);
});

test("of two windows that are used up the later reset counts", () => {
  const { pacing, tell } = paced();
  tell(windowOf(0, 7_000), windowOf(0, 90_000, { name: "requests a day", span_ms: 86_400_000 }));
  expect(pacing.ready(ask(1))).toMatchObject({ ready: false, in_ms: 90_000 });
});

test("calls that no answer has counted yet are taken off (rate windows, 1)", () => {
  const { pacing, tell } = paced();
  tell(windowOf(3, 60_000));
  expect([1, 2, 3, 4].map(() => pacing.reserve(ask(1)) !== null)).toEqual([
    true,
    true,
    true,
    false,
  ]);
});

test("a report that is older than it looks is taken for no more than it is (rate windows, 2)", () => {
  const { pacing } = paced();
  const [slow, quick] = [pacing.reserve(ask(1))!, pacing.reserve(ask(1))!];
  quick.heard([windowOf(1, 60_000)]);
  // What the slow one's answer says is of before the quick one's call.
  slow.heard([windowOf(2, 60_000)]);
  expect(pacing.reserve(ask(1))).not.toBeNull();
  expect(pacing.reserve(ask(1))).toBeNull();
});

test("a report that was overtaken ends no window sooner than what overtook it (rate windows, 2)", async () => {
  const { pacing, pass } = paced();
  const [slow, quick] = [pacing.reserve(ask(1))!, pacing.reserve(ask(1))!];
  quick.heard([windowOf(0, 60_000)]);
  slow.heard([windowOf(0, 100)]);
  await pass(59_999);
  expect(pacing.reserve(ask(1))).toBeNull();
  await pass(1);
  expect(pacing.reserve(ask(1))).not.toBeNull();
});

test("what no answer counted counts for a window from its end, or until a later call's answer (rate windows, 4)", async () => {
  const { pacing, tell, pass } = paced();
  tell(windowOf(1, 500, { limit: 1 }));
  pacing.reserve(ask(1))!.settle(null);
  await pass(500);
  expect(pacing.ready(ask(1))).toMatchObject({ ready: false, in_ms: 59_500 });
  await pass(59_500);
  const later = pacing.reserve(ask(1))!;
  pacing.reserve(ask(1))?.settle(null);
  later.heard([windowOf(1, 60_000, { limit: 1 })]);
  expect(pacing.ready(ask(1))).toEqual({ ready: true });
});

test("a request surely larger than a window or a limit is never ready, and nobody waits for it", async () => {
  const tokens = { name: "tokens a minute", kind: "tokens", limit: 6_000 } as const;
  const { pacing, tell, waiting: timers } = paced({ tokens_per_minute: 9_000 });
  expect(pacing.ready(ask(11_701))).toMatchObject({ ready: false, never: true, in_ms: Infinity });
  expect(pacing.ready(ask(11_700))).toEqual({ ready: true });
  tell(windowOf(6_000, 60_000, tokens));
  expect(pacing.ready(ask(7_801))).toMatchObject({ ready: false, never: true });
  expect(await pacing.wait(ask(7_801), new AbortController().signal)).toBeNull();
  expect(pacing.ready(ask(7_800))).toEqual({ ready: true });
  expect(timers()).toBe(0);
});

test.each([
  ["a window", 6_000, null],
  ["a limit", 60_000, 6_000],
])(
  "what only our guesses make larger than %s is tried when that is full",
  async (_, limit, set) => {
    const { pacing, tell, pass } = paced({ tokens_per_minute: set });
    tell(windowOf(limit - 1, 7_000, { name: "tokens a minute", kind: "tokens", limit }));
    pacing.reserve(ask(500))!.settle({ input_tokens: 100, output_tokens: 0 });
    expect(pacing.ready(ask(5_200, 1_000))).toMatchObject({ ready: false, never: false });
    await pass(60_000);
    expect(pacing.reserve(ask(5_200, 1_000))).not.toBeNull();
    expect(pacing.ready(ask(1))).toMatchObject({ ready: false, never: false });
  },
);

test("what was never sent counts nowhere; what was sent and told nothing counts whole", () => {
  const { pacing, tell } = paced({ requests_per_minute: 3 });
  tell(windowOf(1, 60_000));
  pacing.reserve(ask(1))!.release();
  pacing.reserve(ask(1))!.settle(null);
  expect(pacing.reserve(ask(1))).toBeNull();
});

test("tokens that a call did not take are given back", () => {
  const { pacing } = paced({ tokens_per_minute: 1_000 });
  const place = pacing.reserve(ask(900))!;
  expect(pacing.ready(ask(600)).ready).toBe(false);
  place.settle({ input_tokens: 100, output_tokens: 200 });
  expect(pacing.ready(ask(700))).toEqual({ ready: true });
  expect(pacing.ready(ask(701))).toMatchObject({ ready: false, in_ms: 60_000 });
});

test("the first end of a reservation counts", () => {
  const { pacing } = paced({ concurrency: 1 });
  const first = pacing.reserve(ask(1))!;
  first.settle(null);
  first.release();
  first.settle(null);
  expect(pacing.reserve(ask(1))).not.toBeNull();
  expect(pacing.ready(ask(1))).toMatchObject({ ready: false, in_ms: 0 });
});

test("waiters are served in order, and a small one does not overtake (2)", async () => {
  const { pacing, pass, waiting: timers } = paced({ tokens_per_minute: 100 });
  pacing.reserve(ask(100))!.settle({ input_tokens: 100, output_tokens: 0 });
  const served: string[] = [];
  void waiting(pacing, served, "large", 90);
  void waiting(pacing, served, "small", 5);
  expect(pacing.ready(ask(5))).toMatchObject({ ready: false, in_ms: 60_000 });
  await pass(59_999);
  expect(served).toEqual([]);
  await pass(1);
  expect(served).toEqual(["large", "small"]);
  expect(timers()).toBe(0);
});

test("who would fit, but does not wait, does not overtake who waits (2)", async () => {
  const { pacing, pass } = paced({ tokens_per_minute: 100 });
  pacing.reserve(ask(90))!.settle({ input_tokens: 90, output_tokens: 0 });
  const served: string[] = [];
  void waiting(pacing, served, "large", 50);
  expect(pacing.ready(ask(5))).toMatchObject({ ready: false, in_ms: 60_000 });
  expect(pacing.reserve(ask(5))).toBeNull();
  await pass(60_000);
  expect(served).toEqual(["large"]);
  expect(pacing.reserve(ask(5))).not.toBeNull();
});

test("the end of a call wakes who waits for its place", async () => {
  const { pacing } = paced({ concurrency: 1 });
  const first = pacing.reserve(ask(1))!;
  const served: string[] = [];
  const second = waiting(pacing, served, "second");
  expect(pacing.reserve(ask(1))).toBeNull();
  first.settle(null);
  expect(await second).not.toBeNull();
});

test("who does not wait any more leaves at once, and the next is served", async () => {
  const { pacing, waiting: timers } = paced({ tokens_per_minute: 100 });
  pacing.reserve(ask(95))!.settle(null);
  const away = new AbortController();
  const served: string[] = [];
  void waiting(pacing, served, "large", 90, away.signal);
  const small = waiting(pacing, served, "small", 5);
  away.abort(new Error("cancelled"));
  expect(await small).not.toBeNull();
  expect(served).toEqual(["large left", "small"]);
  expect(timers()).toBe(0);
  await expect(pacing.wait(ask(1), away.signal)).rejects.toThrow("cancelled");
});

test("a refusal for the rate holds everybody for as long as it says", async () => {
  const { pacing, pass } = paced();
  const place = pacing.reserve(ask(1))!;
  const served: string[] = [];
  pacing.afterRate(7_660);
  void waiting(pacing, served, "waiter");
  place.settle(null);
  await pass(7_659);
  expect(served).toEqual([]);
  await pass(1);
  expect(served).toEqual(["waiter"]);
});

test("a settled call and its refusal are one, in whichever order they are told (4)", async () => {
  const { pacing, pass } = paced({ concurrency: 1 });
  const place = pacing.reserve(ask(1))!;
  const served: string[] = [];
  void waiting(pacing, served, "waiter");
  place.settle(null);
  pacing.afterRate(5_000);
  await pass(4_999);
  expect(served).toEqual([]);
  await pass(1);
  expect(served).toEqual(["waiter"]);
});

test("after a refusal one call tries alone until it is accepted (3)", async () => {
  const { pacing, pass } = paced();
  const place = pacing.reserve(ask(1))!;
  pacing.afterRate(1_000);
  place.settle(null);
  await pass(1_000);
  const trial = pacing.reserve(ask(1))!;
  expect(pacing.reserve(ask(1))).toBeNull();
  trial.heard([]);
  expect(pacing.reserve(ask(1))).not.toBeNull();
});

test("what was sent before a refusal keeps nobody from trying, and its end says nothing of the rate (3)", async () => {
  const { pacing, pass } = paced();
  const [old, older, refused] = [1, 2, 3].map(() => pacing.reserve(ask(1))!);
  older!.heard([]);
  refused!.settle(null);
  pacing.afterRate(1_000);
  await pass(1_000);
  const trial = pacing.reserve(ask(1))!;
  expect(trial).not.toBeNull();
  old!.heard([]);
  older!.settle({ input_tokens: 1, output_tokens: 1 });
  expect(pacing.reserve(ask(1))).toBeNull();
  trial.heard([]);
  expect(pacing.reserve(ask(1))).not.toBeNull();
});

test("refusals that do not say for how long are waited for twice as long each, up to a minute", async () => {
  const { pacing, pass } = paced();
  const waits: number[] = [];
  for (let i = 0; i < 7; i += 1) {
    const place = pacing.reserve(ask(1))!;
    pacing.afterRate(null);
    pacing.afterRate(null);
    place.settle(null);
    const readiness = pacing.ready(ask(1));
    waits.push(readiness.ready ? 0 : readiness.in_ms);
    await pass(waits.at(-1)!);
  }
  expect(waits).toEqual([2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000]);
});

test("used-up windows and refusals hold over a restart, for no longer than they did, whatever the wall clock", async () => {
  const { pacing, tell, pass } = paced();
  tell(windowOf(1, 90_000, { name: "requests a day", span_ms: 86_400_000 }), windowOf(1, 5_000));
  const lost = pacing.reserve(ask(1));
  expect(lost).not.toBeNull();
  pacing.afterRate(30_000);
  await pass(1_000);
  const kept = KeptRate.parse(JSON.parse(JSON.stringify(pacing.kept(1_000_000))));
  const waits = [1_000_000, 1_009_000, 500_000, 1_088_999, 1_089_000].map((wall_now) => {
    const { pacing: next } = paced();
    next.restore(kept, wall_now);
    const readiness = next.ready(ask(1));
    return readiness.ready ? 0 : readiness.in_ms;
  });
  expect(waits).toEqual([89_000, 80_000, 89_000, 1, 0]);
  const { pacing: next, pass: passNext } = paced();
  next.restore({ ...kept, windows: [] }, 1_000_000);
  expect(next.ready(ask(1))).toMatchObject({ ready: false, in_ms: 29_000 });
  await passNext(29_000);
  expect(next.reserve(ask(1))).not.toBeNull();
  // One call tries alone (3).
  expect(next.reserve(ask(1))).toBeNull();
});

/** A call that no answer counted falls into the window after the one that it was sent in. */
const atTheEdge = {
  ...{ seed: 9_121_820, limit: 1, token_limit: 50, window_ms: 1_000 as const },
  ...{ tells: true, concurrency: null, callers: 18 },
};

test("whatever the interleaving, no window and no limit is ever exceeded, and everybody is served", async () => {
  const totals = { calls: 0, served: 0, peak_share: 0 };
  await fc.assert(
    fc.asyncProperty(
      fc.record({
        seed: fc.integer(),
        limit: fc.integer({ min: 1, max: 12 }),
        token_limit: fc.integer({ min: 50, max: 400 }),
        window_ms: fc.constantFrom(1_000, 60_000),
        tells: fc.boolean(),
        concurrency: fc.option(fc.integer({ min: 1, max: 4 })),
        callers: fc.integer({ min: 1, max: 30 }),
      }),
      async (world) => {
        const { most_requests, most_tokens, most_at_once, calls, served, in_any_minute } =
          await simulate(world);
        totals.calls += calls;
        totals.served += served;
        totals.peak_share = Math.max(totals.peak_share, most_requests / world.limit);
        expect(served).toBe(world.callers);
        expect(most_requests).toBeLessThanOrEqual(world.limit);
        expect(most_tokens).toBeLessThanOrEqual(world.token_limit);
        expect(most_at_once).toBeLessThanOrEqual(world.concurrency ?? Infinity);
        if (!world.tells) expect(in_any_minute).toBeLessThanOrEqual(world.limit);
      },
    ),
    { numRuns: 1_000, examples: [[atTheEdge]] },
  );
  expect(totals.served).toBeGreaterThan(200);
  expect(totals.peak_share).toBe(1);
});
