/** What is billed: all that models took, once, whatever became of the answer. */
import { type FakeProvider, startFakeProvider } from "@mainstay/fake-provider/fake-provider";
import type { Script } from "@mainstay/fake-provider/script";
import { systemClock } from "@mainstay/sdk/clock";
import type { JournalEvent } from "@mainstay/sdk/events";
import type { Turn, Usage } from "@mainstay/sdk/turn";
import { afterEach, expect, test } from "vitest";
import type { Overrides } from "../../src/assemble.ts";
import { withoutEvent } from "./held-commit.ts";
import { calls, configFor, type House, openHouse, says } from "./house.ts";

let house: House;
const models: FakeProvider[] = [];
afterEach(async () => {
  await house.close();
  await Promise.all(models.splice(0).map((model) => model.close()));
});

/** A house whose models have a price: a dollar in, two dollars out, for a million tokens. */
async function open(scripts: readonly Script[], overrides: Overrides = {}): Promise<void> {
  for (const script of scripts)
    models.push(await startFakeProvider({ script, clock: systemClock }));
  const urls = models.map(({ url }) => url);
  const providers = configFor("/", urls).providers.map((provider) => ({
    ...provider,
    prices: { [provider.models[0]!]: { input_usd: 1, output_usd: 2 } },
  }));
  house = await openHouse({ script: null, config: { providers }, overrides });
}

const told = { prompt_tokens: 1_000, completion_tokens: 20 };
const took: Usage = { input_tokens: 1_000, output_tokens: 20 };
const COST = 1_040;

const settled = async (turn_id: string): Promise<Turn> => {
  await house.until(turn_id, ({ type }) => type === "settled");
  return await house.client.turns.get(turn_id);
};
const total = async () => (await house.client.usage.list()).total;

/** What the journal says that attempts took, and how many of them did. */
async function journaled(turn_id: string) {
  const events: JournalEvent[] = await house.journal(turn_id);
  const ends = events.flatMap((event) => (hasUsage(event) ? [event] : []));
  return {
    requests: ends.length,
    input_tokens: ends.reduce((sum, { usage }) => sum + usage.input_tokens, 0),
    output_tokens: ends.reduce((sum, { usage }) => sum + usage.output_tokens, 0),
    estimated_requests: ends.filter(({ estimated }) => estimated).length,
  };
}

type End = Extract<JournalEvent, { type: "attempt_failed" | "step_ended" }>;
const hasUsage = (event: JournalEvent): event is End & { usage: Usage } =>
  (event.type === "attempt_failed" || event.type === "step_ended") && event.usage !== undefined;

/** Turn, journal and account say the same. */
async function expectOneTruth(turn: Turn): Promise<void> {
  const said = await journaled(turn.id);
  const { input_tokens, output_tokens } = said;
  expect(turn.usage).toEqual({ input_tokens, output_tokens });
  expect(await total()).toMatchObject(said);
}

test("each step is billed as its provider tells it, by day, key and model", async () => {
  await open([
    [
      { ...calls("list_files", { path: "." }), usage: told },
      { ...says("Done."), usage: told },
    ],
  ]);
  const turn = await house.ask("look");
  expect(turn.usage).toEqual({ input_tokens: 2_000, output_tokens: 40 });
  const { items } = await house.client.usage.list({ by: ["person", "provider", "model"] });
  expect(items).toEqual([
    {
      ...{
        day: null,
        person: "owner",
        provider: "fake-1",
        credential: null,
        model: "fake-model-1",
      },
      ...{ requests: 2, input_tokens: 2_000, output_tokens: 40, cost_micro_usd: 2 * COST },
      ...{ estimated_requests: 0, unpriced_requests: 0 },
    },
  ]);
  await expectOneTruth(turn);
});

test("an answer that was cut is billed by its length, and so is the one in its place", async () => {
  const text = "An answer that somebody cuts off in the middle of a word.";
  // What comes before the attempt is on disk is not read, and may go with the connection.
  const on_disk = Promise.withResolvers<void>();
  await open([
    () => ({ text, chunk_size: 4, cut_after_chunks: 5, gate: on_disk.promise }),
    () => ({ ...says("Whole."), usage: told }),
  ]);
  const { id } = await house.client.turns.create({ message: "tell me" });
  await house.until(id, ({ type }) => type === "attempt_started");
  on_disk.resolve();
  const turn = await settled(id);
  expect(turn).toMatchObject({
    state: "done",
    answer: "Whole.",
    provider: "fake-2",
    mode: "reduced",
  });
  expect(turn.provider_why).toContain("fake-1");
  const { items } = await house.client.usage.list({ by: ["provider"] });
  const [cut, whole] = [items.find(byName("fake-1"))!, items.find(byName("fake-2"))!];
  expect(cut.requests).toBeGreaterThanOrEqual(1);
  expect(cut.estimated_requests).toBe(cut.requests);
  expect(cut.output_tokens).toBe(cut.requests * Math.ceil(20 / 3.5));
  expect(whole).toMatchObject({ requests: 1, ...took, cost_micro_usd: COST });
  await expectOneTruth(turn);
});

const byName =
  (name: string) =>
  ({ provider }: { provider: string | null }) =>
    provider === name;

test("an error that came before anything was made costs nothing", async () => {
  const refused = { status: 503, body: { error: { message: "down" } } };
  await open([() => refused, () => ({ ...says("Here."), usage: told })]);
  const turn = await house.ask("hello");
  expect(await total()).toMatchObject({ requests: 1, ...took, cost_micro_usd: COST });
  await expectOneTruth(turn);
});

test("a turn that is cancelled while it is answered is billed for what came", async () => {
  await open([() => ({ text: "word ".repeat(40), chunk_size: 5, stall_after_chunks: 7 })]);
  const { id } = await house.client.turns.create({ message: "talk" });
  await house.until(id, (event) => event.type === "delta" || event.type === "snapshot");
  await house.client.turns.cancel(id);
  const turn = await settled(id);
  expect(turn.state).toBe("cancelled");
  expect(await total()).toMatchObject({ requests: 1, estimated_requests: 1 });
  expect(turn.usage.input_tokens).toBeGreaterThan(100);
  await expectOneTruth(turn);
});

test("an attempt that the server did not live to see end is written off, once, and the answer billed beside it", async () => {
  const held = new Promise<void>(() => undefined);
  const answers: Script = (_, n) => ({
    ...{ ...says("Late, but here."), usage: told },
    ...(n === 1 && { gate: held }),
  });
  await open([answers], { store: withoutEvent("attempt_failed") });
  const { id } = await house.client.turns.create({ message: "hello" });
  await house.until(id, ({ type }) => type === "attempt_started");
  await models[0]!.waitForRequest(1);
  await house.restart({});
  const turn = await settled(id);
  expect(turn).toMatchObject({ state: "done", answer: "Late, but here." });
  const events = await house.journal(id);
  const lost = events.filter(({ type }) => type === "attempt_failed");
  expect(lost).toMatchObject([{ code: "interrupted", estimated: true, attempt: 1 }]);
  expect(await total()).toMatchObject({ requests: 2, estimated_requests: 1 });
  await expectOneTruth(turn);
});

test("what a provider tells that cannot be is not believed", async () => {
  const absurd = { prompt_tokens: -5, completion_tokens: 1e15 };
  await open([[{ ...says("Four words of text."), usage: absurd }]]);
  const turn = await house.ask("hello");
  expect(turn.usage.output_tokens).toBe(Math.ceil("Four words of text.".length / 3.5));
  expect(turn.usage.input_tokens).toBeGreaterThan(100);
  await expectOneTruth(turn);
});
