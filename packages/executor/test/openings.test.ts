/** Folders that one command may read beside its workspace. */
import { chownSync, mkdirSync, renameSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { userInfo } from "node:os";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Bench, openBench, registration } from "./harness.ts";

let bench: Bench;
let other: string;

beforeAll(async () => {
  bench = await openBench();
  other = join(dirname(bench.workspace), "other: one=two");
  mkdirSync(other, { mode: 0o700 });
  writeFileSync(join(other, "secret"), "seen\n", { mode: 0o600 });
  // Whoever owns it on disk, the person of the command reads it.
  if (userInfo().uid === 0)
    for (const path of [other, `${other}/secret`]) chownSync(path, 1234, 1234);
  await bench.link().registerOpening(registration("other", other));
});
afterAll(() => bench.close());

const OPENED = { openings: ["other"] };

test("an opening is read by the one command that names it, and by no other", async () => {
  const opened = await bench.exited(`cat '${other}/secret'; touch mine`, OPENED);
  expect(opened).toMatchObject({ exit_code: 0, output: "seen\n" });
  const next = await bench.exited(`cat '${other}/secret'`);
  expect(next.output).toMatch(/No such file or directory/);
});

test("an opening is not written to, also not through what it holds", async () => {
  const script = [
    `echo x > '${other}/new'`,
    `echo x >> '${other}/secret'`,
    `chmod 777 '${other}/secret'`,
    `rm '${other}/secret'`,
    `mv '${other}' '${other}-2'`,
  ].join("; ");
  const { output } = await bench.exited(`LC_ALL=C; ${script}`, OPENED);
  expect(output.match(/Read-only file system|Device or resource busy/g)).toHaveLength(5);
  expect((await bench.exited(`cat '${other}/secret'`, OPENED)).output).toBe("seen\n");
});

test("what nobody registered, or another person's, is not opened", async () => {
  const run = (plan: object) => bench.link().run(bench.ticket("true", plan));
  expect(await run({ openings: ["nothing"] })).toMatchObject({ code: "unknown_workspace" });
  // A workspace is no opening by itself.
  expect(await run({ openings: ["w"] })).toMatchObject({ code: "unknown_workspace" });
  const strange = { ...registration("strange", other), person_uid_number: 2 };
  await bench.link().registerOpening(strange);
  expect(await run({ openings: ["strange"] })).toMatchObject({ code: "wrong_person" });
});

test("a folder that took the place of an opening is not shown", async () => {
  const place = join(dirname(bench.workspace), "swapped");
  mkdirSync(place);
  await bench.link().registerOpening(registration("swapped", place));
  renameSync(place, `${place}-away`);
  mkdirSync(place);
  const answer = await bench.link().run(bench.ticket("true", { openings: ["swapped"] }));
  expect(answer).toMatchObject({ state: "refused", code: "workspace_changed" });
});

test("what may be no workspace may be no opening", async () => {
  const etc = bench.link().registerOpening(registration("etc", "/etc"));
  await expect(etc).rejects.toMatchObject({ code: "system_folder" });
  const home = bench.link().registerOpening(registration("home", bench.home));
  await expect(home).rejects.toMatchObject({ code: "home_folder" });
});
