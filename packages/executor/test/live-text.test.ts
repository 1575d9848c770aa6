import fc from "fast-check";
import { expect, test } from "vitest";
import { paceText } from "../src/live-text.ts";
import { heldBytes } from "./held-bytes.ts";

/** A clock whose one timer goes off by hand. */
function paced() {
  const told: { offset: number; text: string }[] = [];
  let timer: (() => void) | null = null;
  const clock = {
    after(_delay_ms: number, run: () => void) {
      timer = run;
      return () => void (timer = null);
    },
  };
  const live = paceText(clock as never, (offset, text) => told.push({ offset, text }));
  function tick(): void {
    const run = timer;
    timer = null;
    run?.();
  }
  return { live, told, tick, isTicking: () => timer !== null };
}

test("what comes after a rest is told at once, the next with the next tick", () => {
  const { live, told, tick, isTicking } = paced();
  live.push("one ");
  expect(told).toEqual([{ offset: 0, text: "one " }]);
  live.push("two ");
  live.push("three ");
  expect(told).toHaveLength(1);
  tick();
  expect(told[1]).toEqual({ offset: 4, text: "two three " });
  tick();
  expect(isTicking()).toBe(false);
  live.push("four");
  expect(told[2]).toEqual({ offset: 14, text: "four" });
});

test("of a flood the last is told, and its offset says how much was passed over", () => {
  const { live, told, tick } = paced();
  live.push("begin");
  for (let count = 0; count < 100; count += 1) live.push("x".repeat(10_000));
  live.push("end");
  tick();
  expect(told[1]!.text).toHaveLength(32 << 10);
  expect(told[1]!.text.endsWith("xend")).toBe(true);
  expect(told[1]!.offset + told[1]!.text.length).toBe(5 + 1_000_000 + 3);
});

const textOf = (count: number) => Buffer.alloc(64 << 10, `${count} `).toString("latin1");

test("a flood that nobody is told of takes no memory", () => {
  const { live } = paced();
  live.push("begin");
  const before = heldBytes();
  for (let count = 0; count < 1_000; count += 1) live.push(textOf(count));
  expect(heldBytes() - before).toBeLessThan(8 << 20);
});

test("whatever comes between which ticks: pieces are where they say, and no character is cut", () => {
  const text = fc.string({ unit: "grapheme", maxLength: 20 }).map((text) => text.repeat(2_000));
  fc.assert(
    fc.property(fc.array(fc.oneof(text, fc.constant(null)), { maxLength: 20 }), (steps) => {
      const { live, told, tick, isTicking } = paced();
      for (const step of steps) {
        if (step === null) tick();
        else if (step !== "") live.push(step);
      }
      live.flush();
      expect(isTicking()).toBe(false);
      const all = steps.filter((step) => step !== null).join("");
      expect(live.units()).toBe(all.length);
      for (const { offset, text } of told) {
        expect(all.startsWith(text, offset)).toBe(true);
        expect(text.length).toBeLessThanOrEqual(32 << 10);
        expect(text).not.toMatch(/^[\udc00-\udfff]/);
      }
      const last = told.at(-1);
      expect((last?.offset ?? 0) + (last?.text.length ?? 0)).toBe(all.length);
    }),
    { numRuns: 100 },
  );
});
