import { startFakeProvider } from "@mainstay/fake-provider/fake-provider";
import { wireFault } from "@mainstay/fake-provider/faults";
import type { Reply, Script } from "@mainstay/fake-provider/script";
import { systemClock } from "@mainstay/sdk/clock";
import { expect, onTestFinished, test } from "vitest";
import { explain } from "../../../src/providers/trial/plain-words.ts";
import { type TrialStep, tryProvider } from "../../../src/providers/trial/trial.ts";
import { traits } from "../../../src/providers/policy/codes.ts";
import type { ProviderSettings, ProviderType } from "../../../src/providers/target.ts";
import { targetsOf } from "../../../src/providers/targets-of.ts";

const settingsFor = (type: ProviderType, base_url: string, key: string): ProviderSettings => ({
  ...{ id: type, type, base_url, api_keys: [key], models: ["fake-model"], source: "test" },
  limits: { concurrency: null, requests_per_minute: null, tokens_per_minute: null },
  ...{ prices: {}, reasoning: [] },
});

async function trialOf(
  script: Script,
  {
    as = "openai",
    key = "fake",
  }: { as?: Exclude<ProviderType, "openai-compatible">; key?: string } = {},
): Promise<TrialStep[]> {
  const fake = await startFakeProvider({ script, clock: systemClock, as });
  onTestFinished(() => fake.close());
  const provider = settingsFor(as, fake.url, key);
  const [tried] = targetsOf(provider);
  const steps: TrialStep[] = [];
  for await (const step of tryProvider({ provider, tried: tried!, clock: systemClock }))
    steps.push(step);
  return steps;
}

const outcomes = (steps: readonly TrialStep[]) => steps.map(({ outcome }) => outcome).join(" ");
const adds = (input: object | string): Reply => ({
  tool_calls: [{ name: "add", arguments: input }],
});
const good: Reply[] = [{ text: "ready" }, { text: "ready" }, adds({ a: 17, b: 25 })];

test.each(["openai", "cerebras", "groq", "mistral", "cohere", "anthropic", "google"] as const)(
  "a %s that works passes in all",
  async (as) => {
    const steps = await trialOf(good, { as });
    expect(steps.map(({ step, fix }) => [step, fix])).toEqual(
      ["models", "text", "stream", "tool"].map((step) => [step, null]),
    );
    expect(outcomes(steps)).toBe("passed passed passed passed");
  },
);

test("a refused key is told once, with where to get another, and never quoted", async () => {
  const key = "gsk_canaryThatNobodyMaySee0123456789";
  const steps = await trialOf([], { as: "groq", key });
  expect(outcomes(steps)).toBe("failed skipped skipped skipped");
  expect(steps[0]).toMatchObject({
    detail: expect.stringContaining("the key is refused"),
    fix: expect.stringMatching(/console\.groq\.com.*mainstay provider set groq/),
  });
  expect(JSON.stringify(steps)).not.toContain(key);
});

test.each([
  ["rate", "its rate is used up"],
  ["payment", "no credit left"],
  ["overload", "too much to do"],
  ["not_found", "no such model"],
] as const)("%s is explained in plain words", async (kind, words) => {
  const steps = await trialOf([wireFault("openai", kind), ...good]);
  expect(steps[1]).toMatchObject({ outcome: "failed", detail: expect.stringContaining(words) });
  expect(steps[1]!.fix).not.toBeNull();
});

test.each([
  [{ text: "42" }, "without calling the tool"],
  [adds({ a: 1, b: 2 }), "with other numbers"],
] as const)("a model that is no good with tools fails there only: %j", async (reply, words) => {
  const steps = await trialOf([...good.slice(0, 2), reply]);
  expect(outcomes(steps)).toBe("passed passed passed failed");
  expect(steps[3]).toMatchObject({
    detail: expect.stringContaining(words),
    fix: expect.stringContaining("good with tools"),
  });
});

test("what a provider calls its models and tools is told bounded, and without the key", async () => {
  const key = "sk-canaryThatNobodyMaySee0123456789";
  const name = `${key} ${"x".repeat(5_000)}`;
  const call: Reply = { tool_calls: [{ name, arguments: {} }] };
  const fake = await startFakeProvider({
    ...{ clock: systemClock, models: [name] },
    script: ({ tools }) => ((tools?.length ?? 0) > 0 ? call : { text: "ready" }),
  });
  onTestFinished(() => fake.close());
  const provider = settingsFor("openai", fake.url, "fake");
  const [tried] = targetsOf(provider);
  const steps: TrialStep[] = [];
  for await (const step of tryProvider({ provider, tried: tried!, clock: systemClock }))
    steps.push(step);
  expect(outcomes(steps)).toBe("failed passed passed failed");
  for (const { detail } of steps) expect(detail).not.toContain(key);
  for (const { detail } of steps) expect(detail.length).toBeLessThanOrEqual(300);
});

test("an empty answer, HTML and a cut are failures, not successes", async () => {
  for (const reply of [{ text: " " }, { html: true }] as Reply[]) {
    const steps = await trialOf([reply, ...good.slice(1)]);
    expect(outcomes(steps)).toBe("passed failed passed passed");
  }
  const steps = await trialOf([good[0]!, { text: "ready", cut_after_chunks: 1 }, good[2]!]);
  expect(outcomes(steps)).toBe("passed passed failed passed");
});

test("every fault has words of its own", () => {
  const provider = settingsFor("groq", "http://127.0.0.1:9", "k");
  for (const code of Object.keys(traits) as (keyof typeof traits)[])
    for (const said of Object.values(explain(code, provider))) expect(said).not.toBe("");
});
