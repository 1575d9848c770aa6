import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type House, openHouse } from "../../server/test/house/house.ts";
import { obeys } from "../../server/test/house/obeys.ts";
import { runCli } from "./run-cli.ts";

let house: House;
let folder: string;
beforeEach(async () => {
  house = await openHouse({ script: obeys });
  folder = await mkdtemp(join(tmpdir(), "mainstay-pause-cli-"));
});
afterEach(async () => {
  await house.close();
  await rm(folder, { recursive: true });
});

/** Runs `mainstay` to its end. */
async function mainstay(...args: string[]) {
  const env = { MAINSTAY_URL: house.url, MAINSTAY_KEY: house.key };
  const run = runCli(args, { env, cwd: folder });
  run.closesInput();
  return { code: await run.exits(), out: run.stdout(), err: run.stderr() };
}

test("commands are paused, it shows wherever it bites, and they go on", async () => {
  expect(await mainstay("pause")).toMatchObject({ code: 0, err: "Nothing is paused.\n" });
  const why = /commands are paused by owner since \S+ \S+ UTC: a worm/;
  const set = await mainstay("pause", "commands", "--reason", "a worm");
  expect(set).toMatchObject({ code: 0, out: expect.stringMatching(why) });

  const asked = await mainstay("ask", "run ls");
  expect(asked).toMatchObject({
    code: 6,
    out: expect.stringMatching(/^Commands are paused by owner.* goes on by itself when the pause/),
  });
  expect(asked.err).toContain("to give it up: mainstay cancel");
  const id = (await house.client.turns.list()).items[0]!.id;
  const [now, turns, status, retried] = await Promise.all([
    mainstay("pause"),
    mainstay("turns"),
    mainstay("status", id),
    mainstay("retry", id),
  ]);
  expect(now.out).toMatch(why);
  expect(turns.out).toContain(`${id}  parked, paused`);
  expect(status.out).toMatch(why);
  expect(status.out).toContain("it goes on by itself");
  expect(retried.code).toBe(1);
  expect(retried.err).toMatch(/Paused by an operator.*a worm/);

  expect(await mainstay("resume", "commands")).toMatchObject({
    code: 0,
    out: "Commands: not paused any more; what waited goes on by itself.\n",
  });
  await house.until(id, ({ type }) => type === "settled");
  const story = (await mainstay("why", id)).out;
  expect(story).toMatch(/parked, commands are paused by owner/);
  expect(story).toMatch(/goes on: owner lifted the pause/);
});

test("a provider is paused, shows in the audit trail and in doctor, and is asked again", async () => {
  const set = await mainstay("pause", "provider", "fake-1", "--reason", "a bill");
  expect(set).toMatchObject({ code: 0, out: expect.stringMatching(/^fake-1: paused by owner/) });
  expect(set.err).toContain("What it is answering goes on.");
  const [now, trail, doctor, unknown] = await Promise.all([
    mainstay("pause"),
    mainstay("audit"),
    mainstay("doctor"),
    mainstay("pause", "provider", "grok"),
  ]);
  expect(now.out).toMatch(/^fake-1: .* a bill {2}\(mainstay resume provider fake-1\)/);
  expect(trail.out).toContain("provider fake-1, by owner");
  expect(doctor.out.replaceAll(/\s+/g, " ")).toMatch(
    /FAIL providers fake-1: paused by owner .*→ mainstay resume provider fake-1/,
  );
  expect(unknown).toMatchObject({ code: 1, err: expect.stringContaining("there are fake-1") });
  expect(await mainstay("resume", "provider", "fake-1")).toMatchObject({
    code: 0,
    out: "fake-1: not paused any more; what waited goes on by itself.\n",
  });
  expect(await mainstay("pause")).toMatchObject({ err: "Nothing is paused.\n" });
});

test("a person is added with a key that is all of the output, paused, listed and resumed", async () => {
  const added = await mainstay("user", "add", "ada", "--tier", "pro");
  expect(added).toMatchObject({ code: 0, out: expect.stringMatching(/^mst_\S+\n$/) });
  const [list, twin, set] = await Promise.all([
    mainstay("user", "list"),
    mainstay("user", "add", "ADA"),
    mainstay("pause", "user", "ada", "--kill"),
  ]);
  expect(list.out).toMatch(/owner {2}\(admin, pro\)\n.* ada {2}\(member, pro\)/);
  expect(twin).toMatchObject({ code: 1, err: expect.stringContaining("taken") });
  expect(set.out).toMatch(/^ada: paused by owner/);
  const [now, unknown, misspelt] = await Promise.all([
    mainstay("pause"),
    mainstay("pause", "user", "eve"),
    mainstay("pause", "everything"),
  ]);
  expect(now.out).toMatch(/ada: .*\(mainstay resume user ada\)/);
  expect([unknown.code, misspelt.code]).toEqual([1, 2]);
  expect((await mainstay("resume", "user", "ada")).out).toMatch(/^ada: not paused any more/);
  expect((await mainstay("resume", "commands")).err).toBe("Commands: nothing was paused.\n");
});
