import { systemClock } from "@mainstay/sdk/clock";
import { expect, test } from "vitest";
import { StoreFault } from "../../src/kernel/errors.ts";
import type { Store } from "../../src/store/store.ts";
import { openHouse, says } from "../house/house.ts";

/** A sound store that will not have batches with a `step_ended`. */
const choosy = (store: Store): Store => ({
  ...store,
  commit: (batch) =>
    batch.writes.some(({ parameters }) => parameters.includes("step_ended"))
      ? Promise.reject(new StoreFault("CHECK constraint failed"))
      : store.commit(batch),
});

test("a turn whose batch a sound store refuses is tried a few times, then ended as failed", async () => {
  const clock = {
    ...systemClock,
    sleep: (_: number, signal?: AbortSignal) => systemClock.sleep(0, signal),
  };
  const script = () => says("Here.");
  const house = await openHouse({ script, overrides: { store: choosy, clock } });
  try {
    const turn = await house.ask("hello");
    expect(turn).toMatchObject({ state: "failed", error: { code: "internal" } });
    expect(turn.error?.message).toBe("CHECK constraint failed");
    expect(house.model.requests).toHaveLength(5);
  } finally {
    await house.close();
  }
});
