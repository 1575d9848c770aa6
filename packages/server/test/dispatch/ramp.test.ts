import fc from "fast-check";
import { expect, test } from "vitest";
import {
  closedRamp,
  mayWake,
  type Ramp,
  whenAnswered,
  whenAvailable,
  whenRested,
  whenUnanswered,
} from "../../src/dispatch/ramp.ts";
import { firstOf } from "../../src/dispatch/wake-order.ts";
import type { Availability } from "../../src/kernel/model-board.ts";

const AT_MOST = 16;
const opened = whenAvailable(closedRamp, "none", "reduced");
const answered = (ramp: Ramp, times: number): Ramp =>
  times === 0 ? ramp : answered(whenAnswered(ramp, AT_MOST), times - 1);

test("nobody is woken while no model can be asked, and one when the first can", () => {
  expect(mayWake(closedRamp, 0)).toBe(0);
  expect(mayWake(whenAvailable(closedRamp, "none", "unconfigured"), 0)).toBe(0);
  expect(mayWake(opened, 0)).toBe(1);
  expect(mayWake(opened, 1)).toBe(0);
  expect(mayWake(whenAvailable(answered(opened, 5), "reduced", "none"), 0)).toBe(0);
});

test("each round of answers doubles how many may be awake, up to the bound", () => {
  const rounds = [0, 1, 2, 4, 8, 16].map((_, round) => answered(opened, 2 ** round - 1));
  expect(rounds.map((ramp) => mayWake(ramp, 0))).toEqual([1, 2, 4, 8, 16, 16]);
});

test("one that meets no answer takes it back to one, after a rest that grows with those woken in vain", () => {
  let ramp = answered(opened, 7);
  const rests: number[] = [];
  for (let now_ms = 0; rests.length < 6; now_ms += 1_000) {
    ramp = whenRested(ramp, now_ms);
    if (ramp.state !== "open") continue;
    ramp = whenUnanswered(ramp, true, now_ms);
    if (ramp.state === "resting") rests.push(ramp.until_ms - now_ms);
    expect(mayWake(ramp, 0)).toBe(0);
  }
  expect(rests).toEqual([10_000, 30_000, 90_000, 270_000, 300_000, 300_000]);
  const next = whenRested(ramp, Number.MAX_SAFE_INTEGER);
  expect(mayWake(next, 0)).toBe(1);
  expect(whenAnswered(next, AT_MOST).missed).toBe(0);
});

test("those that park of themselves make no rest longer, and only models that come back cut it short", () => {
  const resting = whenUnanswered(opened, false, 0);
  const many = [1, 2, 3].reduce((ramp, now_ms) => whenUnanswered(ramp, false, now_ms), resting);
  expect(many).toEqual({ state: "resting", until_ms: 10_000, missed: 0 });
  expect(whenAvailable(many, "reduced", "reduced")).toBe(many);
  expect(whenAvailable(many, "full", "reduced")).toBe(many);
  expect(mayWake(whenAvailable(many, "reduced", "full"), 0)).toBe(1);
});

const availability = fc.constantFrom<Availability>("full", "reduced", "none", "unconfigured");
const happening = fc.oneof(
  fc.record({ type: fc.constant("available" as const), now: availability }),
  fc.record({ type: fc.constant("answered" as const) }),
  fc.record({ type: fc.constant("unanswered" as const), woken: fc.boolean() }),
  fc.record({ type: fc.constant("passed" as const), ms: fc.integer({ min: 0, max: 400_000 }) }),
);

test("whatever happens, nobody is woken without a model, and never more than one after a miss or than the bound", () => {
  fc.assert(
    fc.property(fc.array(happening, { maxLength: 60 }), (all) => {
      let [ramp, before, now_ms, is_fresh] = [closedRamp, "none" as Availability, 0, true];
      for (const each of all) {
        if (each.type === "passed") now_ms += each.ms;
        if (each.type === "available") {
          ramp = whenAvailable(ramp, before, each.now);
          before = each.now;
        }
        if (each.type === "answered") ramp = whenAnswered(ramp, AT_MOST);
        if (each.type === "unanswered") ramp = whenUnanswered(ramp, each.woken, now_ms);
        ramp = whenRested(ramp, now_ms);
        const may = mayWake(ramp, 0);
        is_fresh =
          each.type === "answered" && ramp.state === "open" ? false : is_fresh || may === 0;
        if (before === "none" || before === "unconfigured") expect(may).toBe(0);
        expect(may).toBeLessThanOrEqual(is_fresh ? 1 : AT_MOST);
      }
    }),
  );
});

test("interactive turns come first, then who was woken in vain least, then the oldest; who is held is passed over", () => {
  const sleepers = [
    { ordinal: 1, urgency: "batch", wakes: 0 },
    { ordinal: 2, urgency: "interactive", wakes: 1 },
    { ordinal: 3, urgency: "interactive", wakes: 0 },
    { ordinal: 4, urgency: "interactive", wakes: 0 },
  ] as const;
  const order: number[] = [];
  for (;;) {
    const next = firstOf(sleepers, ({ ordinal }) => ordinal !== 4 && !order.includes(ordinal));
    if (next === null) break;
    order.push(next.ordinal);
  }
  expect(order).toEqual([3, 2, 1]);
});
