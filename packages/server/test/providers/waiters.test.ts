import { startFakeProvider } from "@mainstay/fake-provider/fake-provider";
import { systemClock } from "@mainstay/sdk/clock";
import { expect, test } from "vitest";
import { NoModelAnswered } from "../../src/kernel/model.ts";
import { all, never, openPool, requestOf, settingsOf } from "./pool.ts";

test("who waits for a rate does not ask a target that has failed meanwhile", async () => {
  const gate = Promise.withResolvers<void>();
  const gone = { status: 404, body: { error: { code: "model_not_found", message: "gone" } } };
  const model = await startFakeProvider({
    script: () => ({ ...gone, gate: gate.promise }),
    clock: systemClock,
  });
  try {
    const settings = settingsOf("p1", model.url);
    const limits = { ...settings.limits, concurrency: 1 };
    const { providers } = openPool([{ ...settings, limits }]);
    const asked = Array.from({ length: 10 }, () =>
      all(providers.stream(requestOf("hello"), never)).catch((fault: unknown) => fault),
    );
    await model.waitForRequest(1);
    gate.resolve();
    for (const end of await Promise.all(asked)) expect(end).toBeInstanceOf(NoModelAnswered);
    // The first, and one of the others, because there is nobody else.
    expect(model.requests).toHaveLength(2);
  } finally {
    await model.close();
  }
});

test("a request that no rate will ever have room for is not asked with, and says so", async () => {
  const model = await startFakeProvider({ script: [{ text: "never" }], clock: systemClock });
  try {
    const settings = settingsOf("p1", model.url);
    const limits = { ...settings.limits, tokens_per_minute: 100 };
    const { providers } = openPool([{ ...settings, limits }]);
    await expect(
      all(providers.stream(requestOf("word ".repeat(500)), never)),
    ).rejects.toMatchObject({
      failures: [{ provider: "p1", code: "request_too_large" }],
    });
    expect(model.requests).toHaveLength(0);
  } finally {
    await model.close();
  }
});
