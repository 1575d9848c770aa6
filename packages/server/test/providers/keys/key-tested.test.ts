import { FAKE_KEY, startFakeProvider } from "@mainstay/fake-provider/fake-provider";
import type { Script } from "@mainstay/fake-provider/script";
import { systemClock } from "@mainstay/sdk/clock";
import { expect, onTestFinished, test } from "vitest";
import { credentialOf } from "../../../src/providers/target.ts";
import { handClock } from "../../door/hand-clock.ts";
import { openPool, settingsOf } from "../pool.ts";

const CREDENTIAL = credentialOf(FAKE_KEY);
const KEY = `p#${CREDENTIAL}`;

/** A server that starts with a key that was refused; its provider lists its models now. */
async function afterListing(script: Script) {
  const fake = await startFakeProvider({ script, clock: systemClock });
  onTestFinished(() => fake.close());
  const time = handClock();
  const state = { state: "retired", cause: "auth", since_at: 0, times: 3 } as const;
  const { providers, kept } = openPool([settingsOf("p", fake.url)], {
    clock: time.clock,
    before: {
      breakers: new Map(),
      credentials: new Map([[KEY, { ...state, recheck_at: 2_000_000 }]]),
    },
  });
  await providers.start();
  onTestFinished(() => providers.stop());
  const changed = new Promise<void>((resolve) => providers.onChange(resolve));
  await time.pass(5_000);
  expect(fake.requests).toEqual([]);
  providers.keyTested("p", CREDENTIAL, { kind: "taken", unlisted: [] });
  await time.pass(500);
  await changed;
  const keptLast = kept.findLast(({ key }) => key === KEY)!.state;
  return { asked: fake.requests.length, status: providers.status()[0]!.models[0]!, keptLast };
}

test("a retired key whose provider lists its models is tried by a call at once", async () => {
  const { asked, status, keptLast } = await afterListing([{ text: "OK" }]);
  expect([asked, status.state, keptLast]).toEqual([1, "ready", { state: "live" }]);
});

test("where the call is refused all the same its next recheck is further off, also after a restart", async () => {
  const { asked, status, keptLast } = await afterListing(() => ({
    status: 401,
    body: { error: { message: "no" } },
  }));
  expect([asked, status.state]).toEqual([1, "retired"]);
  expect(keptLast).toMatchObject({ state: "retired", times: 4 });
});
