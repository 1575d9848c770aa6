import { startFakeProvider } from "@mainstay/fake-provider/fake-provider";
import { systemClock } from "@mainstay/sdk/clock";
import { expect, onTestFinished, test } from "vitest";
import { NoModelAnswered } from "../../src/kernel/model.ts";
import { all, never, openPool, requestOf, settingsOf } from "./pool.ts";

test.each([
  ["a refusal", { status: 429, body: {}, headers: { "retry-after": "300" } }],
  [
    "a window that its answer's headers tell of",
    { text: "hi", rate: { requests: { limit: 10, remaining: 0, reset_s: 3_600 } } },
  ],
])("who was used up by %s is not asked after a restart either", async (_, reply) => {
  const model = await startFakeProvider({ script: () => reply, clock: systemClock });
  const settings = [settingsOf("p1", model.url)];
  const { providers, kept } = openPool(settings);
  await providers.start();
  onTestFinished(() => Promise.all([providers.stop(), model.close()]).then(() => undefined));
  const ask = (pool: typeof providers) =>
    all(pool.stream(requestOf("hello"), never)).catch((fault: unknown) => fault);
  await ask(providers);
  expect(model.requests).toHaveLength(1);
  const rates = new Map(
    kept.flatMap((each) => (each.kind === "rate" ? [[each.key, each.state] as const] : [])),
  );
  const next = openPool(settings, { before: { rates } }).providers;
  expect(next.available()).toBe("none");
  expect(await ask(next)).toBeInstanceOf(NoModelAnswered);
  expect(model.requests).toHaveLength(1);
});
