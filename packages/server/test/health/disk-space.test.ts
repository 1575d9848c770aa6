import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { createDiskSpace, judge } from "../../src/health/disk-space.ts";

const MB = 1_048_576;

test("the reserve is what was set, on a small disk a tenth", () => {
  const at = (free: number, total: number) =>
    judge({ free_bytes: free * MB, total_bytes: total * MB }, 256 * MB);
  expect(at(256, 100_000)).toEqual({ state: "roomy", free_bytes: 256 * MB });
  expect(at(255, 100_000)).toMatchObject({ state: "nearly_full", reserve_bytes: 256 * MB });
  expect(at(1, 8)).toMatchObject({ state: "roomy" });
  expect(at(0.7, 8)).toMatchObject({ state: "nearly_full", reserve_bytes: 0.8 * MB });
});

test("a disk that says nothing refuses nobody by itself", async () => {
  const home = await mkdtemp(join(tmpdir(), "mainstay-disk-"));
  const disk = createDiskSpace(home, 0);
  expect(disk.state()).toMatchObject({ state: "roomy", free_bytes: expect.any(Number) });
  await rm(home, { recursive: true });
  expect(disk.state()).toMatchObject({
    state: "unknown",
    message: expect.stringMatching("ENOENT"),
  });
  expect(disk.refusal()).toBeNull();
});
