/**
 * Rates that are used up, and refusals that say when to come again, in every form that was ever seen:
 * nobody calls early, by the provider's own clock, and nobody is told of it.
 */
import type { Script } from "@mainstay/fake-provider/script";
import type { WireName } from "@mainstay/fake-provider/wires/wires";
import { systemClock } from "@mainstay/sdk/clock";
import type { ModelStatus } from "@mainstay/sdk/providers";
import { expect, test } from "vitest";
import { LONGEST_RETRY_AFTER_MS } from "../packages/server/src/providers/policy/retry-after.ts";
import type { Providers } from "../packages/server/src/providers/providers.ts";
import { openPool, requestOf } from "../packages/server/test/providers/pool.ts";
import { report, rounds } from "./plan.ts";
import { planted, unpaced } from "./providers/planted-pool.ts";
import { createRated, ratedWires } from "./providers/rated.ts";
import { type OpenPort, openScene, type SceneOptions } from "./providers/scene.ts";

const TURNS = rounds({ short: 20, long: 60 });
const GAP_MS = 120;
/** What our clock and the provider's may differ by. */
const EARLY_MS = 5;

const HOUR_MS = 3_600_000;
const date = (in_ms: number): string => new Date(systemClock.now() + in_ms).toUTCString();

/** With for how long nobody may call: ours where what is said cannot be meant. */
const retryAfters: readonly (readonly [said: string, value: string, free_after_ms: number])[] = [
  ["a second", "1", 1_000],
  ["NaN", "NaN", 2_000],
  ["nothing", "", 2_000],
  ["negative", "-5", 2_000],
  ["without an end", "Infinity", 2_000],
  ["a past date", date(-HOUR_MS), 2_000],
  ["no date", "Mon, 99 Foo 2026", 2_000],
  ["24 days", "2073600", 600_000],
  ["a date in 24 days", date(576 * HOUR_MS), 600_000],
];

const answers: Script = () => ({ text: "Answer." });
const answered = { shown: "Answer.", fault: null };

const refusing =
  (retry_after: string, called_at: number[]): Script =>
  () => {
    called_at.push(systemClock.monotonic());
    return { status: 429, headers: { "retry-after": retry_after } };
  };

async function turnsAt(options: SceneOptions) {
  const scene = await openScene(options);
  try {
    const steps = [];
    for (let turn = 0; turn < TURNS; turn++) {
      steps.push(await scene.ask());
      await systemClock.sleep(GAP_MS);
    }
    return steps;
  } finally {
    await scene.close();
  }
}

test.concurrent("Retry-After is kept to in every form: nobody calls early, all are answered", () =>
  Promise.all(retryAfters.map(keptTo)));

async function keptTo([said, value, free_after_ms]: (typeof retryAfters)[number]): Promise<void> {
  const called_at: number[] = [];
  const scripts = [refusing(value, called_at), answers];
  const began = systemClock.monotonic();
  const steps = await turnsAt({ scripts });
  for (const { shown, fault } of steps) expect({ shown, fault }).toEqual(answered);
  const gaps = gapsOf(called_at);
  for (const gap_ms of gaps) expect(gap_ms, said).toBeGreaterThanOrEqual(free_after_ms - EARLY_MS);
  const took_ms = systemClock.monotonic() - began;
  expect(gaps.length > 0, said).toBe(took_ms > free_after_ms);
  const next = gaps.length === 0 ? "none again" : `again after ${Math.round(gaps[0]!)} ms`;
  report(`Retry-After: ${said}`, TURNS, `all answered; ${called_at.length} calls, ${next}`);
}

test("24 days are cut to ten minutes: it is looked at again then", async () => {
  let pool: Providers | undefined;
  const open: OpenPort = (settings) => (pool = openPool(settings).providers);
  const scene = await openScene({ scripts: [refusing("2073600", []), answers], open });
  try {
    await scene.ask();
    const [first] = pool!.status();
    const [{ state, until }] = first!.models as [ModelStatus];
    expect(state).toBe("paced");
    const in_ms = Date.parse(until!) - systemClock.now();
    expect(in_ms).toBeGreaterThan(LONGEST_RETRY_AFTER_MS - 10_000);
    expect(in_ms).toBeLessThanOrEqual(LONGEST_RETRY_AFTER_MS);
  } finally {
    await scene.close();
  }
});

test.concurrent("planted: who takes no notice calls early", async ({ expect }) => {
  const called_at: number[] = [];
  await turnsAt({ scripts: [refusing("1", called_at), answers], open: planted(unpaced) });
  expect(Math.min(...gapsOf(called_at))).toBeLessThan(1_000 - EARLY_MS);
});

test.concurrent("nobody calls before a used-up rate is reset, and the rest goes elsewhere", () =>
  Promise.all(ratedWires.map(goesElsewhere)));

async function goesElsewhere(as: WireName): Promise<void> {
  const rated = createRated(3);
  const steps = await turnsAt({ scripts: [rated.script, answers], as });
  for (const { shown, fault } of steps) expect({ shown, fault }).toEqual(answered);
  expect(rated.early(), as).toBe(0);
  expect(rated.windows(), as).toBeGreaterThan(1);
  const found = `all answered; ${rated.calls()} calls in ${rated.windows()} windows, 0 of them early`;
  report(`rate of ${as} used up`, TURNS, found);
}

test.concurrent("where there is nobody else the rest waits, each for its turn", async ({
  expect,
}) => {
  const rated = createRated(8);
  const scene = await openScene({ scripts: [rated.script], as: "groq" });
  try {
    // Nobody can keep to what was never told.
    const first = await scene.ask();
    const others = await Promise.all(
      Array.from({ length: TURNS - 1 }, (_, n) => scene.ask(requestOf(`hello ${n}`))),
    );
    const steps = [first, ...others];
    for (const { shown, fault } of steps) expect({ shown, fault }).toEqual(answered);
    expect(rated.early()).toBe(0);
    const waited = steps.filter(({ parts }) => parts.some(({ type }) => type === "paced"));
    expect(waited.length).toBeGreaterThan(0);
    const found = `all answered, ${waited.length} waited; ${rated.windows()} windows, 0 calls early`;
    report("one rate for all", TURNS, found);
  } finally {
    await scene.close();
  }
});

test.concurrent("planted: who takes no notice of a rate calls before its reset", async ({
  expect,
}) => {
  const rated = createRated(3);
  const scripts = [rated.script, answers];
  await turnsAt({ scripts, as: "groq", open: planted(unpaced) });
  expect(rated.early()).toBeGreaterThan(0);
});

const gapsOf = (times: readonly number[]): number[] =>
  times.slice(1).map((time, i) => time - times[i]!);
