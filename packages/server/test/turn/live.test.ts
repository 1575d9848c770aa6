import type { LiveEvent } from "@mainstay/sdk/events";
import fc from "fast-check";
import { expect, test } from "vitest";
import { createLive } from "../../src/turn/live.ts";

type Output = Extract<LiveEvent, { type: "output" }>;

/** What a client has that drops what it has already, as every client must. */
function client() {
  let text = "";
  let gaps = 0;
  return {
    hear(event: LiveEvent): void {
      if (event.type !== "output") return;
      if (event.offset > text.length) gaps += 1;
      text += event.text.slice(Math.max(0, text.length - event.offset));
    },
    has: () => ({ text, gaps }),
  };
}

const outputs = (events: readonly LiveEvent[]): Output[] =>
  events.filter((event) => event.type === "output");

test("pieces that come twice or overlap are told once, whoever listens from when on", () => {
  fc.assert(
    fc.property(
      fc.string({ minLength: 1, maxLength: 200 }),
      fc.array(fc.tuple(fc.nat(30), fc.nat(30)), { maxLength: 40 }),
      fc.nat(40),
      (whole, pieces, joins_at) => {
        const live = createLive();
        const [early, late] = [client(), client()];
        live.subscribe("turn", early.hear);
        let end = 0;
        const tell = (from: number, to: number) =>
          live.output("turn", "call", from, whole.slice(from, to));
        pieces.forEach(([back, on], i) => {
          if (i === joins_at) {
            live.subscribe("turn", late.hear);
            live.now("turn").forEach(late.hear);
          }
          tell(Math.max(0, end - back), end + on);
          end = Math.min(whole.length, end + on);
        });
        expect(early.has()).toEqual({ text: whole.slice(0, end), gaps: 0 });
        if (joins_at < pieces.length) expect(late.has()).toEqual(early.has());
      },
    ),
  );
});

test("what is kept of a call's output is bounded, and says from where on", () => {
  const live = createLive();
  const line = "0123456789abcdef".repeat(64);
  for (let i = 0; i < 100; i++) live.output("turn", "call", i * line.length, line);
  const [kept] = outputs(live.now("turn"));
  expect(kept?.text.length).toBeLessThanOrEqual(65_536);
  expect(kept!.offset + kept!.text.length).toBe(100 * line.length);
  expect(kept?.text.endsWith(line)).toBe(true);
});

test("after a gap the kept stretch begins anew: nothing is put where it was not", () => {
  const live = createLive();
  live.output("turn", "call", 0, "one");
  live.output("turn", "call", 10, "two");
  expect(outputs(live.now("turn"))).toMatchObject([{ offset: 10, text: "two" }]);
});

test("what an ended call printed, and waited for, is not shown to those who come later", () => {
  const live = createLive();
  live.waits("turn", "an older executor is finishing 2 commands");
  live.output("turn", "call", 0, "one");
  live.output("turn", "other", 0, "two");
  expect(live.now("turn").map(({ type }) => type)).toEqual(["output", "output", "status"]);
  live.callEnded("turn", "call");
  expect(live.now("turn")).toMatchObject([{ call_id: "other" }]);
  live.callEnded("turn", "other");
  expect(live.now("turn")).toEqual([]);
});
