/** The pool over threads whose folders hang; invariants F1–F3. */
import { once } from "node:events";
import { tmpdir } from "node:os";
import type { Worker } from "node:worker_threads";
import { systemClock } from "@mainstay/sdk/clock";
import { expect, onTestFinished, test } from "vitest";
import type { EditPlan } from "../../../src/files/edit.ts";
import { applyOnce } from "../../../src/files/threads/apply-once.ts";
import { openPool } from "../../../src/files/threads/pool.ts";
import type { Root } from "../../../src/files/walk.ts";
import { createLog } from "../../../src/telemetry/log.ts";
import { refusal } from "../workspace.ts";
import { gate } from "./gate.ts";
import { heldClock, passLimitOf } from "./held-clock.ts";
import type { Odd } from "./odd-thread-program.ts";

type OddRoot = Root & { readonly odd: Odd };

const rootAt = (path: string, odd: Odd): OddRoot => ({
  ...{ path, ino: "1", owner_uid: 0, rights: null, odd },
});
const PLAN: EditPlan = {
  ...{ edit_id: "edit_1", folders: [], emptied: [], contents: [], diff: "", summary: "" },
  steps: [{ path: "src/a.ts", before: null, after: null }],
};
const ANSWER: Odd = { do: "answer" };

function poolWith(clock = systemClock) {
  const pool = openPool({
    ...{
      clock,
      log: createLog("silent"),
      url: new URL("./odd-thread-program.ts", import.meta.url),
    },
    data: { backups: { folder: tmpdir(), budget: { bytes: 1, days: 1 } } },
  });
  onTestFinished(() => pool.close());
  return {
    ...pool,
    /** Resolve with the thread that answered. */
    look: (path: string, odd: Odd) =>
      pool.ask(path, "digest", rootAt(path, odd), "a") as unknown as Promise<number>,
    write: (path: string, odd: Odd) =>
      pool.ask(path, "apply", rootAt(path, odd), PLAN) as unknown as Promise<number>,
    applyOnce: (path: string, odd: Odd) => applyOnce(pool, rootAt(path, odd), PLAN),
  };
}

test("F1: edits of one workspace meet in one thread, others do not wait for them", async () => {
  const pool = poolWith();
  const [one, inner, other] = [gate(), gate(), gate()];
  const threads = [
    pool.write("/w", one.wait),
    pool.write("/w/inner", inner.wait),
    pool.write("/other", other.wait),
  ];
  for (const { begun } of [one, inner, other]) await begun();
  for (const { open } of [one, inner, other]) open();
  const [first, second, third] = await Promise.all(threads);
  expect(second).toBe(first);
  expect(third).not.toBe(first);
});

test("F1: an edit that could meet edits in two threads waits for one of them", async () => {
  const pool = poolWith();
  const [one, other, both] = [gate(), gate(), gate()];
  const first = pool.write("/w/a", one.wait);
  const second = pool.write("/w/b", other.wait);
  const third = pool.write("/w", both.wait);
  await Promise.all([one.begun(), other.begun()]);
  for (const look of Array.from({ length: 6 }, () => pool.look("/x", ANSWER))) await look;
  expect(both.times()).toBe(0);
  one.open();
  await first;
  await both.begun();
  other.open();
  both.open();
  expect(await third).toBe(await second);
});

/** Two threads have more to do than the third, which comes next; `free` lets them end it. */
async function withOneThreadLeft() {
  const clock = heldClock();
  const pool = poolWith(clock);
  const busy = ["/b", "/b", "/c", "/c"].map((path) => ({ path, ...gate() }));
  const work = busy.map(({ path, wait }) => pool.write(path, wait));
  await Promise.all(busy.map(({ begun }) => begun()));
  async function free() {
    for (const { open } of busy) open();
    await Promise.all(work);
  }
  return { pool, clock, free, passLimit: () => passLimitOf(clock) };
}

test("F2: a folder that hangs is refused at once, for a while; who shared its thread is served", async () => {
  const { pool, clock, free, passLimit } = await withOneThreadLeft();
  const { hang, begun } = gate();
  const started = once(process, "worker");
  const hangs = refusal(pool.look("/hangs", hang));
  const [thread] = (await started) as [Worker];
  const gone = once(thread, "exit");
  await begun();
  const shared = pool.look("/fine", ANSWER);
  await free();
  passLimit();
  const message = expect.stringContaining('"/hangs"');
  expect(await hangs).toMatchObject({ fault: "unanswered", message });
  expect(await shared).toBeGreaterThan(0);
  expect(await refusal(pool.look("/hangs", ANSWER))).toMatchObject({ fault: "unanswered" });
  expect(await pool.look("/fine", ANSWER)).toBeGreaterThan(0);
  await gone;
  clock.advance(29_999);
  expect(await refusal(pool.look("/hangs", ANSWER))).toMatchObject({ fault: "unanswered" });
  clock.advance(1);
  expect(await pool.look("/hangs", ANSWER)).toBeGreaterThan(0);
});

test("F3: an edit whose thread was lost is settled, never begun again", async () => {
  const { pool, free, passLimit } = await withOneThreadLeft();
  const [edit, hanging] = [gate(), gate()];
  const applied = pool.applyOnce("/fine", edit.wait);
  await edit.begun();
  const hangs = refusal(pool.look("/hangs", hanging.hang));
  await hanging.begun();
  await free();
  passLimit();
  expect(await hangs).toMatchObject({ fault: "unanswered" });
  expect(await applied).toEqual({ unconfirmed: null });
  expect(edit.times()).toBe(1);
});

test("F2: who shared a thread with an edit that hangs at its end is not refused for that", async () => {
  const { pool, free, passLimit } = await withOneThreadLeft();
  const [edit, first, then] = [gate(), gate(), gate()];
  const applied = pool.applyOnce("/fine", edit.wait);
  await edit.begun();
  const hangs = refusal(
    pool.applyOnce("/hangs", { do: "wait, then hang", wait: first.wait, hang: then.hang }),
  );
  await first.begun();
  first.open();
  await then.begun();
  await free();
  passLimit();
  const message = expect.stringMatching(/whether src\/a\.ts changed is not known/);
  expect(await hangs).toEqual({ fault: "unanswered", message });
  expect(await applied).toEqual({ unconfirmed: null });
  expect(await pool.look("/fine", ANSWER)).toBeGreaterThan(0);
});

test("a pool that closes waits for edits that are on their way, and takes no more", async () => {
  const pool = poolWith();
  const [one, other, both] = [gate(), gate(), gate()];
  const edits = [pool.write("/w/a", one.wait), pool.write("/w/b", other.wait)];
  const behind = pool.write("/w", both.wait);
  await Promise.all([one.begun(), other.begun()]);
  const closed = pool.close();
  const message = expect.stringMatching(/is stopping; nothing was done/);
  expect(await refusal(pool.write("/w", ANSWER))).toEqual({ fault: "unanswered", message });
  for (const { open } of [one, other, both]) open();
  await Promise.all(edits);
  expect(await behind).toBeGreaterThan(0);
  await closed;
});

test("F3: of an edit whose folder hangs nobody claims to know what became", async () => {
  const { pool, free, passLimit } = await withOneThreadLeft();
  const { hang, begun, times } = gate();
  const applied = refusal(pool.applyOnce("/hangs", hang));
  await begun();
  await free();
  passLimit();
  const message = expect.stringMatching(/whether src\/a\.ts changed is not known/);
  expect(await applied).toEqual({ fault: "unanswered", message });
  expect(times()).toBe(1);
});
