import type { AuditHead } from "@mainstay/sdk/audit-trail";
import { soon } from "@mainstay/sdk/clock";
import { expect, test } from "vitest";
import { createCarrier } from "../../src/audit/carrier.ts";
import { createLog } from "../../src/telemetry/log.ts";
import { handClock } from "../door/hand-clock.ts";

const headOf = (n: number) => ({ n, seq: n * 10 }) as AuditHead;
const log = createLog("silent");

/** What a try sets off is armed before the time passes. */
async function seconds(count: number, pass: (duration_ms: number) => Promise<void>): Promise<void> {
  for (let i = 0; i < count; i++) {
    await new Promise<void>(soon);
    await pass(1_000);
  }
  await new Promise<void>(soon);
}

test("it waits longer after each failure, and carries the newest head only", async () => {
  const { clock, pass } = handClock();
  const tried: [at_ms: number, n: number][] = [];
  let works = false;
  const carrier = createCarrier({
    ...{ to: "there", clock, log },
    async deliver({ n }) {
      tried.push([clock.monotonic(), n]);
      if (!works) throw new Error("no way");
    },
  });
  carrier.carry(headOf(1));
  await seconds(4, pass);
  expect(carrier.state()).toMatchObject({ state: "failing", tries: 3, why: "no way" });
  carrier.carry(headOf(2));
  carrier.carry(headOf(3));
  works = true;
  await seconds(4, pass);
  expect(tried).toEqual([
    [0, 1],
    [1_000, 1],
    [3_000, 1],
    [7_000, 3],
  ]);
  expect(carrier.state()).toEqual({ state: "arrived", n: 3, seq: 30 });
  await carrier.stop();
  expect(tried).toHaveLength(4);
});

test("a try that does not end is given up, and stop gives one last try", async () => {
  const { clock, pass } = handClock();
  let tries = 0;
  const carrier = createCarrier({
    ...{ to: "there", clock, log },
    deliver: (_head, signal) =>
      new Promise((resolve, reject) => {
        tries++;
        signal.addEventListener("abort", () => reject(signal.reason));
        if (tries === 2) resolve();
      }),
  });
  carrier.carry(headOf(1));
  await pass(10_000);
  expect(carrier.state()).toMatchObject({ state: "failing", why: "no answer after 10 s" });
  await carrier.stop();
  await carrier.stop();
  expect(carrier.state()).toMatchObject({ state: "arrived", n: 1 });
  expect(tries).toBe(2);
});

test("a try that ends late or never holds up neither the next word on it nor stop", async () => {
  const { clock, pass } = handClock();
  const tried: number[] = [];
  let hung = Promise.withResolvers<void>();
  const carrier = createCarrier({
    ...{ to: "there", clock, log },
    deliver({ n }) {
      tried.push(n);
      return hung.promise;
    },
  });
  carrier.carry(headOf(1));
  await pass(10_000);
  expect(carrier.state()).toMatchObject({ state: "failing", why: "no answer after 10 s" });
  carrier.carry(headOf(2));
  await pass(60_000);
  expect(tried, "nothing is begun beside it").toEqual([1]);
  const first = hung;
  hung = Promise.withResolvers();
  first.resolve();
  await seconds(40, pass);
  expect(tried).toEqual([1, 2]);
  expect(carrier.state()).toMatchObject({ state: "failing" });
  const stopped = carrier.stop();
  await seconds(3, pass);
  await stopped;
});
