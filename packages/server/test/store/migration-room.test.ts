import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "@mainstay/sdk/clock";
import { expect, test } from "vitest";
import { refuseCramped } from "../../src/store/migration-room.ts";
import { openSqliteStore } from "../../src/store/sqlite.ts";
import { layVersion1 } from "./version-1.ts";

test("before data is written anew the operator hears of it, once", async () => {
  const home = await mkdtemp(join(tmpdir(), "mainstay-room-"));
  const heard: string[] = [];
  const notice = (text: string) => void heard.push(text);
  await layVersion1(home);
  for (let start = 0; start < 2; start++)
    await (await openSqliteStore({ home, clock: systemClock, notice })).close();
  expect(heard).toEqual([
    expect.stringMatching(/mainstay.db from version 1 to \d+: all of its \d+ MB/u),
  ]);
  await rm(home, { recursive: true });
});

test("without room for it nothing is begun, and the refusal says how much is missing", () => {
  const judge = (free_bytes: number) => () =>
    refuseCramped("mainstay.db", { size_bytes: 900 * 1_048_576, free_bytes });
  expect(judge(800 * 1_048_576)).toThrow(/takes 900 MB of free disk .* there are 800 MB/u);
  expect(judge(900 * 1_048_576)).not.toThrow();
});
