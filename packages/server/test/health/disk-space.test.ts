import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { createDiskSpace, judge } from "../../src/health/disk-space.ts";
import { handClock } from "../door/hand-clock.ts";

const MB = 1_048_576;

test("the reserve is what was set, on a small disk a tenth", () => {
  const at = (free: number, total: number) =>
    judge({ free_bytes: free * MB, total_bytes: total * MB }, 256 * MB);
  expect(at(256, 100_000)).toEqual({ state: "roomy", free_bytes: 256 * MB });
  expect(at(255, 100_000)).toMatchObject({ state: "nearly_full", reserve_bytes: 256 * MB });
  expect(at(1, 8)).toMatchObject({ state: "roomy" });
  expect(at(0.7, 8)).toMatchObject({ state: "nearly_full", reserve_bytes: 0.8 * MB });
});

test("it looks at the start and every second, says why nothing is taken in, and ends with its stop", async () => {
  const hand = handClock();
  const home = await mkdtemp(join(tmpdir(), "mainstay-disk-"));
  const disk = createDiskSpace({ home, clock: hand.clock, reserve_bytes: Infinity });
  const roomy = createDiskSpace({ home, clock: hand.clock, reserve_bytes: 0 });
  expect(disk.state()).toMatchObject({ state: "unknown" });
  await Promise.all([disk.start(), roomy.start(), disk.start()]);
  expect([disk.state().state === "nearly_full", roomy.state().state, roomy.refusal()]).toEqual([
    disk.refusal() !== null,
    "roomy",
    null,
  ]);
  expect(hand.waiting()).toBe(2);
  await rm(home, { recursive: true });
  await hand.pass(1_000);
  await expect.poll(() => disk.state()).toMatchObject({ state: "unknown" });
  await Promise.all([disk.stop(), roomy.stop()]);
  expect(disk.refusal()).toBeNull();
  await expect.poll(() => hand.waiting()).toBe(0);
});
