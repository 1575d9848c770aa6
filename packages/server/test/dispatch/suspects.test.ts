import type { JournalBody } from "@mainstay/sdk/events";
import { expect, test } from "vitest";
import { createSuspects } from "../../src/dispatch/suspects.ts";
import type { JournalListener } from "../../src/store/journal.ts";
import { attempt, stepEnded, toolEnded } from "../store/journal-walk.ts";

/** Two suspects, `a` and `b`, in a journal and a time by hand. */
function openSuspects() {
  const timers = new Set<() => void>();
  const suspects = createSuspects({
    after(_, run) {
      timers.add(run);
      return () => timers.delete(run);
    },
  });
  for (const turn_id of ["a", "b"]) suspects.add(turn_id);
  let listener: JournalListener | null = null;
  let cleared = 0;
  const stop = suspects.watch(
    {
      subscribe(heard) {
        listener = heard;
        return () => {
          listener = null;
        };
      },
    },
    () => (cleared += 1),
  );
  return {
    left: () => ["a", "b"].filter(suspects.has),
    cleared: () => cleared,
    tell: (turn_id: string, body: JournalBody) => listener?.(turn_id, { ...body, seq: 1, at: 1 }),
    timers,
    stop,
  };
}

const adopted: JournalBody = { type: "tool_adopted", step: 1, call_id: "c", took_ms: 4 };

test("J7: a suspect is cleared by what it got done, not by what it begins or runs on with", () => {
  const { left, cleared, tell } = openSuspects();
  tell("a", attempt(1, 1));
  tell("a", adopted);
  expect(left()).toEqual(["a", "b"]);
  tell("a", toolEnded(1, "c", "ok"));
  expect(left()).toEqual(["b"]);
  tell("b", stepEnded(1, ""));
  tell("b", stepEnded(2, ""));
  expect([left(), cleared()]).toEqual([[], 2]);
});

test("J7: a call that is followed for a while holds up the others no more", () => {
  const { left, cleared, tell, timers } = openSuspects();
  tell("a", adopted);
  expect(timers.size).toBe(1);
  for (const run of timers) run();
  expect([left(), cleared()]).toEqual([["b"], 1]);
  tell("a", adopted);
  expect(timers.size).toBe(0);
});

test("no trial outlives its end, or the watch", () => {
  const { tell, timers, stop } = openSuspects();
  tell("a", adopted);
  tell("a", toolEnded(1, "c", "ok"));
  expect(timers.size).toBe(0);
  tell("b", adopted);
  stop();
  expect(timers.size).toBe(0);
});
