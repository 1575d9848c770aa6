import { startFakeProvider } from "@mainstay/fake-provider/fake-provider";
import { systemClock } from "@mainstay/sdk/clock";
import { expect, onTestFinished, test } from "vitest";
import { createKeyCheck, type KeyOutcome } from "../../../src/providers/keys/key-check.ts";
import { credentialOf, type ProviderSettings } from "../../../src/providers/target.ts";

const provider = (more: Partial<ProviderSettings>): ProviderSettings => ({
  ...{ id: "team", type: "openai-compatible", base_url: null, api_keys: [], models: ["m"] },
  limits: { concurrency: null, requests_per_minute: null, tokens_per_minute: null },
  ...{ prices: {}, reasoning: [], source: "test" },
  ...more,
});

async function outcomesOf(settings: ProviderSettings, count: number) {
  const outcomes = new Map<string, KeyOutcome>();
  const said: string[] = [];
  const note = (fields: object, message: string) =>
    void said.push(`${message} ${JSON.stringify(fields)}`);
  await new Promise<void>((done) => {
    const keys = createKeyCheck({
      ...{ clock: systemClock, log: { info: note, warn: note, error: note } },
      tested(id, credential, outcome) {
        outcomes.set(`${id}#${credential}`, outcome);
        if (outcomes.size === count) done();
      },
    });
    keys.check(settings);
    onTestFinished(() => keys.stop());
  });
  return { outcomes, said };
}

test("each key of a provider is tested by its list of models", async () => {
  const fake = await startFakeProvider({
    ...{ script: [], clock: systemClock, models: ["m", "n:latest"] },
  });
  onTestFinished(() => fake.close());
  const wrong = "canary-key-that-nobody-may-see";
  const settings = provider({
    ...{ base_url: fake.url, api_keys: ["fake", wrong], models: ["m", "n", "gone"] },
  });
  const { outcomes, said } = await outcomesOf(settings, 2);
  expect(outcomes.get(`team#${credentialOf("fake")}`)).toEqual({
    ...{ kind: "taken", unlisted: ["gone"] },
  });
  expect(outcomes.get(`team#${credentialOf(wrong)}`)).toMatchObject({
    ...{ kind: "refused", cause: "auth" },
  });
  expect(said.join("\n")).toMatch(/team refuses its key: mainstay provider test team/);
  expect(said.join("\n")).toMatch(/team does not list a model .*"gone"/);
  expect(said.join("\n") + JSON.stringify([...outcomes])).not.toContain(wrong);
  expect(fake.requests).toEqual([]);
});

test("a provider that cannot be reached says nothing of its key", async () => {
  const settings = provider({ base_url: "http://127.0.0.1:9/v1", api_keys: ["k"] });
  const { outcomes } = await outcomesOf(settings, 1);
  expect([...outcomes.values()]).toMatchObject([{ kind: "unknown" }]);
});

test("who stops waits for nobody's answer, and tells none", async () => {
  const fake = await startFakeProvider({ script: [], clock: systemClock });
  onTestFinished(() => fake.close());
  let told = 0;
  const silent = { info: () => undefined, warn: () => undefined, error: () => undefined };
  const keys = createKeyCheck({ clock: systemClock, log: silent, tested: () => void (told += 1) });
  keys.check(provider({ base_url: fake.url, api_keys: ["fake"] }));
  await keys.stop();
  keys.check(provider({ base_url: fake.url, api_keys: ["fake"] }));
  await keys.stop();
  expect(told).toBe(0);
});
