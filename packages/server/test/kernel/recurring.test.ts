import { expect, test } from "vitest";
import { recurring } from "../../src/kernel/recurring.ts";
import { handClock } from "../door/hand-clock.ts";

/** Looks that end when they are told to. */
function series() {
  const { clock, pass, waiting } = handClock();
  const looks: PromiseWithResolvers<void>[] = [];
  const faults: unknown[] = [];
  const looking = recurring({
    ...{ every_ms: 1_000, clock },
    look(signal) {
      const look = Promise.withResolvers<void>();
      signal.addEventListener("abort", () => look.reject(signal.reason));
      looks.push(look);
      return look.promise;
    },
    onFault: (fault) => faults.push(fault),
  });
  return { looking, looks, faults, pass, waiting };
}

test("the next look begins a while after the end of the last, also where that failed", async () => {
  const { looking, looks, faults, pass } = series();
  const first = looking.start();
  void looking.start();
  await pass(5_000);
  expect(looks).toHaveLength(1);
  looks[0]!.reject(new Error("the disk is full"));
  await first;
  expect(faults).toMatchObject([{ message: "the disk is full" }]);
  await pass(999);
  expect(looks).toHaveLength(1);
  await pass(1);
  expect(looks).toHaveLength(2);
});

test("a stop ends the look and the series, and is no fault", async () => {
  const { looking, looks, faults, pass, waiting } = series();
  void looking.start();
  await looking.stop();
  await pass(5_000);
  expect({ looks: looks.length, faults, waiting: waiting() }).toEqual({
    ...{ looks: 1, faults: [], waiting: 0 },
  });
});

test("one that waits for its next look is stopped as well, and can begin anew", async () => {
  const { looking, looks, pass, waiting } = series();
  const first = looking.start();
  looks[0]!.resolve();
  await first;
  await looking.stop();
  expect(waiting()).toBe(0);
  void looking.start();
  await pass(0);
  expect(looks).toHaveLength(2);
});
