import { systemClock } from "@mainstay/sdk/clock";
import type { LiveEvent } from "@mainstay/sdk/events";
import { expect, test, vi } from "vitest";
import { createSeats, type SeatsParts } from "../../src/dispatch/seats.ts";
import { StoreFault } from "../../src/kernel/errors.ts";
import type { StatusListener, Store, StoreStatus } from "../../src/store/store.ts";
import { createLog } from "../../src/telemetry/log.ts";
import { createLive } from "../../src/turn/live.ts";
import type { Turns } from "../../src/turn/turn.ts";
import { openHouse, says } from "../house/house.ts";

/** A sound store that will not have batches with a `step_ended`. */
const choosy = (store: Store): Store => ({
  ...store,
  commit: (batch) =>
    batch.writes.some(({ parameters }) => parameters.includes("step_ended"))
      ? Promise.reject(new StoreFault("CHECK constraint failed"))
      : store.commit(batch),
});

const clock = {
  ...systemClock,
  sleep: (_: number, signal?: AbortSignal) => systemClock.sleep(0, signal),
};

test("a turn whose batch a sound store refuses is tried a few times, then ended as failed", async () => {
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

test("who follows a turn is told that it waits for the disk, until it goes on", async () => {
  const live = createLive();
  const told = vi.fn<(event: LiveEvent) => void>();
  live.subscribe("turn", told);
  const waiting = Promise.withResolvers<StatusListener>();
  const full: StoreStatus = { state: "faulted", cause: "disk_full", message: "full", since: 0 };
  const store = {
    status: () => full,
    onStatus(listener: StatusListener) {
      waiting.resolve(listener);
      return () => undefined;
    },
  };
  const goes_on = Promise.withResolvers<LiveEvent[]>();
  const run = vi
    .fn<Turns["run"]>()
    .mockRejectedValueOnce(new StoreFault("full", { cause_kind: "disk_full" }))
    .mockImplementationOnce(async () => {
      goes_on.resolve(live.now("turn"));
      return "awaiting";
    });
  const seats = createSeats({
    ...{ store, live, clock, turns: { run, breakDown: vi.fn<Turns["breakDown"]>() } },
    ...{ admission: {} as SeatsParts["admission"], log: createLog("silent") },
  });
  seats.seat({ turn_id: "turn" } as Parameters<typeof seats.seat>[0]);
  const tellStatus = await waiting.promise;
  const status = { type: "status", text: "waiting: the server's disk is full" };
  expect(told.mock.calls).toEqual([[status]]);
  expect(live.now("turn"), "who comes later hears it, too").toEqual([status]);
  tellStatus({ state: "writing" });
  expect(await goes_on.promise).toEqual([]);
  await seats.clear();
});
