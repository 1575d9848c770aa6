import { expect, test } from "vitest";
import { silentFolders } from "../../../src/files/threads/silent-folders.ts";
import { heldClock } from "./held-clock.ts";

test("F2: a folder is refused until its thread has gone, however long that takes", async () => {
  const clock = heldClock();
  const silent = silentFolders(clock);
  const { promise: gone, resolve: go } = Promise.withResolvers<void>();
  silent.refuse("/w");
  silent.add("/w", gone);
  clock.advance(3_600_000);
  expect(() => silent.refuse("/w")).toThrow(/"\/w" does not answer; nothing was done/);
  silent.refuse("/w/other");
  go();
  await gone;
  silent.refuse("/w");
});
