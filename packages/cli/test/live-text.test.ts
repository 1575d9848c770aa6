import type { ClientEvent } from "@mainstay/sdk/events";
import fc from "fast-check";
import { expect, test } from "vitest";
import { advance, no_text } from "../src/conversation/live-text.ts";

const RESTART = "<restart>";

/** What stands on a screen that drops all that a restart voids. */
function onScreen(events: ClientEvent[]): string {
  let live = no_text;
  let step = 0;
  let shown: string[] = [];
  for (const event of events) {
    const { next, write, restarted } = advance(live, event);
    if (next.step !== step) shown.push("");
    if (restarted) shown[shown.length - 1] = "";
    shown[shown.length - 1] += write;
    [live, step] = [next, next.step];
  }
  return shown.join("|");
}

const delta = (attempt: number, offset: number, text: string): ClientEvent => ({
  type: "delta",
  step: 1,
  attempt,
  offset,
  text,
});
const snapshot = (attempt: number, text: string): ClientEvent => ({
  type: "snapshot",
  step: 1,
  attempt,
  text,
});
const ended = (step: number, attempt: number, text: string): ClientEvent => ({
  seq: 1,
  at: 0,
  type: "step_ended",
  step,
  attempt,
  text,
  tool_calls: [],
  finish: "stop",
  provider: "p",
  model: "m",
  mode: "full",
  usage: { input_tokens: 0, output_tokens: 0 },
});

/** Deltas of `text` in order; some are lost, repeated or replaced by a snapshot. */
const liveEvents = (text: string, attempt: number) =>
  fc
    .array(
      fc.record({
        size: fc.integer({ min: 1, max: 4 }),
        fate: fc.constantFrom("sent", "sent", "sent", "lost", "twice", "snapshot"),
      }),
      { maxLength: 12 },
    )
    .map((pieces) => {
      let from = 0;
      return pieces.flatMap(({ size, fate }): ClientEvent[] => {
        const event = delta(attempt, from, text.slice(from, from + size));
        from = Math.min(from + size, text.length);
        if (fate === "lost") return [];
        if (fate === "snapshot") return [snapshot(attempt, text.slice(0, from))];
        return fate === "twice" ? [event, event] : [event];
      });
    });

const text = fc.string({ unit: fc.constantFrom("a", "b", "🌍", "\n"), maxLength: 12 });

test("whatever is lost or repeated, the screen ends with the step's text", () => {
  const story = fc.tuple(text, text, text).chain(([first, second, next]) =>
    fc.record({
      cut: liveEvents(first, 1),
      restart: fc.boolean(),
      again: liveEvents(second, 2),
      second: fc.constant(second),
      next: fc.constant(next),
    }),
  );
  fc.assert(
    fc.property(story, ({ cut, restart, again, second, next }) => {
      const restarted: ClientEvent[] = restart
        ? [{ seq: 1, at: 0, type: "step_restarted", step: 1, attempt: 2, cause: RESTART }]
        : [];
      const events = [...cut, ...restarted, ...again, ended(1, 2, second), ended(2, 1, next)];
      expect(onScreen(events)).toBe(`|${second}|${next}`.slice(1));
    }),
    { numRuns: 1000 },
  );
});

test("half of a surrogate pair waits for the other half", () => {
  const [high = "", low = ""] = "🌍".split("");
  const first = advance(no_text, delta(1, 0, `x${high}`));
  expect(first.write).toBe("x");
  expect(advance(first.next, delta(1, 2, low)).write).toBe("🌍");
});
