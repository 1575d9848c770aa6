import fc from "fast-check";
import { expect, test } from "vitest";
import {
  type Candidate,
  nextTry,
  PACING_WAIT_MS,
  type Progress,
  type Standing,
} from "../../../src/providers/engine/next-try.ts";
import { type AttemptCode, traits } from "../../../src/providers/policy/codes.ts";
import type { Target } from "../../../src/providers/target.ts";

const ready: Standing = { at: "ready" };
const open: Standing = { at: "open", resort_ms: 5_000, why: "it failed lately" };
const paced = (in_ms: number): Standing => ({ at: "paced", in_ms, why: "its rate is used up" });

const candidate = (key: string, changes: Partial<Candidate> = {}): Candidate => ({
  key,
  target: { provider: key, model: "m" } as Target,
  standing: ready,
  tries: 0,
  last: null,
  is_asked: false,
  ...changes,
});

const progress = (candidates: Candidate[], changes: Partial<Progress> = {}): Progress => ({
  ...{ candidates, round: 1, is_wish: false, may_call: true, may_repeat: true },
  ...changes,
});

/** What was tried and failed. */
const tried = (key: string, last: AttemptCode, changes: Partial<Candidate> = {}) =>
  candidate(key, { tries: 1, last, is_asked: true, ...changes });

test("the first is asked first, and says why", () => {
  const two = [candidate("a"), candidate("b")];
  expect(nextTry(progress(two))).toMatchObject({
    next: "try",
    candidate: { key: "a" },
    why: "first in the configured order",
    passed_over: [],
  });
  expect(nextTry(progress(two, { is_wish: true }))).toMatchObject({ why: "you asked for it" });
});

test("after a fault the next is asked at once, and names who was passed over", () => {
  const next = nextTry(
    progress([tried("a", "overload"), candidate("b", { standing: open }), candidate("c")]),
  );
  expect(next).toMatchObject({
    candidate: { key: "c" },
    passed_over: [
      { provider: "a", why: "it was overloaded" },
      { provider: "b", why: "it failed lately" },
    ],
  });
});

test.each<[string, Progress, ReturnType<typeof nextTry>["next"]]>([
  ["faults that may pass are asked once more", progress([tried("a", "cut")]), "rest"],
  ["a key that is refused is not", progress([tried("a", "auth")]), "give_up"],
  [
    "nor where the server repeats too much",
    progress([tried("a", "cut")], { may_repeat: false }),
    "give_up",
  ],
  ["a used-up rate is waited for", progress([candidate("a", { standing: paced(9_000) })]), "wait"],
  [
    "… also one that a call met",
    progress([tried("a", "rate", { standing: paced(9_000) })]),
    "wait",
  ],
  [
    "… but not for long",
    progress([candidate("a", { standing: paced(PACING_WAIT_MS + 1) })]),
    "give_up",
  ],
  [
    "the second round is before any wait",
    progress([tried("a", "cut"), candidate("b", { standing: paced(1) })]),
    "rest",
  ],
  ["the last target is never ejected", progress([candidate("a", { standing: open })]), "try"],
  [
    "… unless something else was asked",
    progress([tried("a", "auth"), candidate("b", { standing: open })]),
    "give_up",
  ],
  [
    "what is shut is never asked",
    progress([candidate("a", { standing: { at: "shut", why: "paused" } })]),
    "give_up",
  ],
  ["a bound of the step ends it", progress([candidate("a")], { may_call: false }), "give_up"],
])("%s", (_, given, next) => {
  expect(nextTry(given).next).toBe(next);
});

test("of the open ones that is asked which is due first; of the used-up rates that is waited for", () => {
  const later = { ...open, resort_ms: 9_000 } as Standing;
  const both = [candidate("a", { standing: later }), candidate("b", { standing: open })];
  expect(nextTry(progress(both))).toMatchObject({ candidate: { key: "b" } });
  const rates = [
    candidate("a", { standing: paced(9_000) }),
    candidate("b", { standing: paced(8_000) }),
  ];
  expect(nextTry(progress(rates))).toMatchObject({ candidate: { key: "b" }, in_ms: 8_000 });
});

const anyCandidate = fc.record({
  standing: fc.oneof(
    fc.constant(ready),
    fc.constant(open),
    fc.constant<Standing>({ at: "shut", why: "paused" }),
    fc.integer({ min: 0, max: 120_000 }).map(paced),
  ),
  last: fc.constantFrom<AttemptCode | null>(null, ...(Object.keys(traits) as AttemptCode[])),
});

test("a step comes to its end: every target is asked at most three times, none that may not be", () =>
  fc.assert(
    fc.property(fc.array(anyCandidate, { maxLength: 6 }), (given) => {
      let round: 1 | 2 = 1;
      const state = given.map(({ standing, last }, i) => ({
        faults: last,
        ...candidate(`t${i}`, { standing }),
      }));
      let calls = 0;
      let turns = 0;
      for (; turns < 100; turns++) {
        const next = nextTry(progress(state, { round }));
        if (next.next === "give_up") break;
        if (next.next === "rest") {
          expect(round).toBe(1);
          round = 2;
          for (const each of state) each.is_asked = false;
        } else if (next.next === "wait") {
          expect(next.in_ms).toBeLessThanOrEqual(PACING_WAIT_MS);
          Object.assign(
            state.find(({ key }) => key === next.candidate.key)!,
            { standing: ready },
          );
        } else {
          calls++;
          const asked = state.find(({ key }) => key === next.candidate.key)!;
          expect(["ready", "open"]).toContain(asked.standing.at);
          const last = asked.faults ?? "cut";
          const standing =
            last === "rate" || asked.tries >= 2 ? { at: "shut", why: "rate" } : asked.standing;
          Object.assign(asked, { tries: asked.tries + 1, last, is_asked: true, standing });
        }
      }
      expect(turns, "it has no end").toBeLessThan(100);
      expect(calls).toBeLessThanOrEqual(3 * state.length);
    }),
  ));
