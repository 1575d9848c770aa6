/**
 * What whole turns promise of models: who cancels is billed for what was said, and no more is said; a
 * request that is too long comes to an end; a dead key and a dead model stay known over restarts.
 */
import {
  FAKE_KEY,
  type FakeProvider,
  startFakeProvider,
} from "@mainstay/fake-provider/fake-provider";
import { wireFault } from "@mainstay/fake-provider/faults";
import type { Script } from "@mainstay/fake-provider/script";
import { type WireName, wireNames } from "@mainstay/fake-provider/wires/wires";
import { systemClock } from "@mainstay/sdk/clock";
import type { JournalEvent } from "@mainstay/sdk/events";
import { afterEach, expect, test } from "vitest";
import { ContextTooLong, type ModelPort } from "../packages/server/src/kernel/model.ts";
import { adapterFor } from "../packages/server/src/providers/adapters/adapters.ts";
import { credentialOf } from "../packages/server/src/providers/target.ts";
import { configFor, type House, openHouse, says } from "../packages/server/test/house/house.ts";
import { never, openPool, requestOf, settingsOf } from "../packages/server/test/providers/pool.ts";
import { report, rounds, seed } from "./plan.ts";
import { planted, unstoppable } from "./providers/planted-pool.ts";
import { callsOf, median, openScene } from "./providers/scene.ts";
import { seeded } from "./seeded.ts";

const TURNS = rounds({ short: 20, long: 100 });
/** The target, for a machine that does nothing else; in `npm test` it is long before the answer's end. */
const ABORTED_WITHIN_MS = rounds({ short: 5_000, long: 100 });
const UNHEARD_MS = 100;
const random = seeded(seed);

let house: House | undefined;
const models: FakeProvider[] = [];
afterEach(async () => {
  await house?.close();
  house = undefined;
  await Promise.all(models.splice(0).map((model) => model.close()));
});

const SLOW = { text: "word ".repeat(2_000), chunk_size: 5, between_ms: 5 };

test("who cancels is heard upstream at once, and is billed for what was said", async () => {
  house = await openHouse({ script: () => SLOW });
  const took: number[] = [];
  for (let turn = 1; turn <= TURNS; turn++) {
    const { id } = await house.client.turns.create({ message: "hello" });
    await house.until(id, ({ type }) => type === "delta");
    await systemClock.sleep(random() * 30);
    const began = systemClock.monotonic();
    await house.client.turns.cancel(id);
    await house.model.waitForHangUp(turn);
    took.push(systemClock.monotonic() - began);
    await house.until(id, ({ type }) => type === "settled");
    const cut = (await house.journal(id)).find(({ type }) => type === "attempt_failed");
    expect(cut).toMatchObject({ code: "cancelled", estimated: true });
    expect(usageIn(cut).output_tokens).toBeGreaterThan(0);
  }
  expect(median(took)).toBeLessThanOrEqual(ABORTED_WITHIN_MS);
  const { total } = await house.client.usage.list();
  expect(total).toMatchObject({ requests: TURNS, estimated_requests: TURNS });
  expect(total.output_tokens).toBeGreaterThanOrEqual(TURNS);
  const worst = Math.max(...took).toFixed(0);
  const found = `upstream aborted after ${median(took).toFixed(0)} ms at the median, ${worst} at worst; all billed`;
  report("a person cancels", TURNS, found);
});

type Failed = Extract<JournalEvent, { type: "attempt_failed" }>;
const usageIn = (event: JournalEvent | undefined) => (event as Failed).usage!;

test("planted: a call that nobody can stop is not heard of upstream", async () => {
  const scene = await openScene({ scripts: [() => SLOW], open: planted(unstoppable) });
  try {
    const cancelled = new AbortController();
    const asked = scene.ask(requestOf("hello"), cancelled.signal);
    await scene.models[0]!.waitForRequest(1);
    cancelled.abort(new Error("enough"));
    await asked;
    const late = systemClock.sleep(UNHEARD_MS).then(() => "late");
    const heard = scene.models[0]!.waitForHangUp(1).then(() => "heard");
    expect(await Promise.race([heard, late])).toBe("late");
  } finally {
    await scene.close();
  }
});

test.each(wireNames)(
  "a request that is too long for %s is asked once, and of no other",
  async (as) => {
    const scene = await openScene({
      scripts: [() => wireFault(as, "context_too_long"), () => says("Nobody asks me.")],
      as,
    });
    try {
      const steps = [];
      for (let turn = 0; turn < 20; turn++) steps.push(await scene.ask());
      for (const { fault } of steps) expect(fault).toBeInstanceOf(ContextTooLong);
      expect([callsOf("p1", steps), callsOf("p2", steps)]).toEqual([20, 0]);
    } finally {
      await scene.close();
    }
  },
);

test("turns that are too long each time end clearly after three requests at most", async () => {
  let is_full = false;
  const script: Script = () =>
    is_full ? wireFault("openai", "context_too_long") : says("Noted. ".repeat(200));
  house = await openHouse({ providers: [script, script] });
  const { session_id } = await house.ask("first");
  for (let n = 0; n < 5; n++) await house.ask(`more ${"b ".repeat(2_000)}`, { session_id });
  is_full = true;
  let most = 0;
  for (let n = 0; n < TURNS; n++) {
    const before = requestsIn(house);
    const turn = await house.ask(`And ${n}?`, { session_id });
    expect(turn).toMatchObject({ state: "failed", error: { code: "context_too_long" } });
    most = Math.max(most, requestsIn(house) - before);
  }
  expect(most).toBeLessThanOrEqual(3);
  report("context too long on every call", TURNS, `a clear end each, at most ${most} requests`);
});

const requestsIn = ({ models: all }: House): number =>
  all.reduce((sum, { requests }) => sum + requests.length, 0);

test.each(wireNames)("%s takes the same streamed and not streamed", async (as) => {
  const usage = () => ({
    prompt_tokens: Math.ceil(random() * 5_000),
    completion_tokens: Math.ceil(random() * 5_000),
  });
  let took = usage();
  const model = await startFakeProvider({
    script: () => ({ text: "An answer of some words.", usage: took }),
    ...{ clock: systemClock, as },
  });
  models.push(model);
  for (let turn = 0; turn < 20; turn++) {
    took = usage();
    const { prompt_tokens: total_in, completion_tokens: total_out } = took;
    for (const stream of [true, false])
      expect(await usageOf(as, model.url, stream)).toEqual([total_in, total_out]);
  }
});

async function usageOf(as: WireName, base_url: string, stream: boolean) {
  const ask = adapterFor({
    provider: "p",
    type: as,
    model: "m",
    base_url,
    api_key: FAKE_KEY,
    clock: systemClock,
  });
  const asked = await ask(requestOf("hello"), { signal: never, stream });
  for await (const part of asked.stream)
    if (part.type === "finish")
      return [part.usage.inputTokens.total, part.usage.outputTokens.total];
  throw new Error("the stream has no finish");
}

/** Which keys `TURNS` steps were asked with, by what names them. */
async function keysTried(stream: ModelPort["stream"]): Promise<string[]> {
  const tried: string[] = [];
  for (let turn = 0; turn < TURNS; turn++)
    for await (const part of stream(requestOf("hello"), never)) {
      if (part.type === "attempt_started") tried.push(part.credential!);
      if (part.type === "restart") throw new Error("something was shown of a refused call");
    }
  return tried;
}

test("a dead key is asked with once, over restarts too, and the other key answers", async () => {
  const model = await startFakeProvider({ script: () => says("Hello."), clock: systemClock });
  models.push(model);
  const settings = [{ ...settingsOf("p1", model.url), api_keys: ["dead", FAKE_KEY] }];
  const [dead, live] = ["dead", FAKE_KEY].map(credentialOf) as [string, string];
  const only_live = Array<string>(TURNS).fill(live);

  const { providers, kept } = openPool(settings);
  await providers.start();
  expect(await keysTried(providers.stream)).toEqual([dead, ...only_live]);
  await providers.stop();
  const states = kept.flatMap((each) => (each.kind === "credential" ? [each] : []));
  const credentials = new Map(states.map(({ key, state }) => [key, state]));
  const again = openPool(settings, { before: { breakers: new Map(), credentials } });
  expect(await keysTried(again.providers.stream)).toEqual(only_live);
  report("one of two keys is dead", 2 * TURNS, "all answered with the other, 1 call wasted");

  // Planted: nothing was kept.
  const forgetful = openPool(settings).providers;
  expect(await keysTried(forgetful.stream)).toEqual([dead, ...only_live]);
});

test("a dead key and a dead model are known after a restart", async () => {
  const down: Script = () => ({ status: 503, body: { error: { message: "down" } } });
  models.push(await startFakeProvider({ script: down, clock: systemClock }));
  models.push(await startFakeProvider({ script: () => says("Hello."), clock: systemClock }));
  const configured = configFor("/", urlsOf(models)).providers;
  const providers = [configured[0]!, { ...configured[1]!, api_keys: ["dead", FAKE_KEY] }];
  house = await openHouse({ script: null, config: { providers } });
  const before = await attemptsOf(house);
  expect(before.get("fake-1")).toBeLessThanOrEqual(4);
  // The key was looked at when the server started, beside the turns.
  expect(before.get("fake-2")! - TURNS).toBeLessThanOrEqual(1);
  await house.restart();
  const after = await attemptsOf(house);
  expect([...after]).toEqual([["fake-2", TURNS]]);
  const found = `${before.get("fake-1")} calls to a dead model before it, 0 after it`;
  report("a restart with a dead model and a dead key", 2 * TURNS, found);
});

const urlsOf = (all: readonly FakeProvider[]): string[] => all.map(({ url }) => url);

/** How often each provider was asked for `TURNS` turns, all of which are answered. */
async function attemptsOf({ ask, journal }: House): Promise<Map<string, number>> {
  const attempts = new Map<string, number>();
  for (let n = 0; n < TURNS; n++) {
    const turn = await ask(`turn ${n}`);
    expect(turn).toMatchObject({ state: "done", answer: "Hello." });
    for (const event of await journal(turn.id))
      if (event.type === "attempt_started")
        attempts.set(event.provider, (attempts.get(event.provider) ?? 0) + 1);
  }
  return attempts;
}
