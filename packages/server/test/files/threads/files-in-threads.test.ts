/** The face over real threads and files. */
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { newId } from "../../../src/kernel/ids.ts";
import { files, scratchFolder } from "../workspace.ts";

const PROGRAM = fileURLToPath(new URL("./one-look-program.ts", import.meta.url));
/** An idle thread would keep it for a minute. */
const LONG_MS = 50_000;

test("T1: threads keep no process alive", async () => {
  const { path, ino } = await scratchFolder();
  await writeFile(join(path, "a"), "hello");
  const run = promisify(execFile)(process.execPath, [PROGRAM, path, ino], { timeout: LONG_MS });
  const sha256 = createHash("sha256").update("hello").digest("hex");
  expect((await run).stdout).toBe(`${sha256}\n`);
});

test("contents are handed over and not copied", async () => {
  const root = await scratchFolder();
  await writeFile(join(root.path, "a"), "x".repeat(100_000));
  const change = { kind: "write", path: "a", content: "y".repeat(100_000) } as const;
  const plan = await files.plan(root, [change], newId("edit"));
  const [{ before, after }] = plan.contents as [{ before: Uint8Array; after: Uint8Array }];
  expect([before.length, after.length]).toEqual([100_000, 100_000]);
  expect(await files.apply(root, plan)).toEqual({ unconfirmed: null });
  expect([before.length, after.length], "they are elsewhere now").toEqual([0, 0]);
  expect(await readFile(join(root.path, "a"), "utf8")).toBe("y".repeat(100_000));
  const { diff, gaps } = await files.diffOf(plan);
  expect([diff?.slice(0, 20), gaps]).toEqual([expect.stringContaining("--- a"), []]);
  expect(await files.settle(root, plan)).toEqual({ state: "applied" });
});
