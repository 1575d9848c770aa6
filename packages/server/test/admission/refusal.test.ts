import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { ProblemError } from "@mainstay/sdk/call";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { StoreFaultKind } from "../../src/kernel/errors.ts";
import type { StoreStatus } from "../../src/store/store.ts";
import { type House, openHouse, says } from "../house/house.ts";

let house: House;
let status: StoreStatus;

beforeEach(async () => {
  status = { state: "writing" };
  house = await openHouse({
    script: () => says("Here."),
    overrides: { store: (store) => ({ ...store, status: () => status }) },
  });
});
afterEach(() => house.close());

const faulted = (cause: StoreFaultKind): StoreStatus => ({
  state: "faulted",
  cause,
  message: "as planted",
  since: 0,
});

const ask = (message: string, idempotency_key: string) =>
  house.client.turns.create({ message }, { idempotency_key, wait_s: 10 });

const problemOf = async (asked: Promise<unknown>) => {
  const fault: unknown = await asked.catch((found: unknown) => found);
  if (!(fault instanceof ProblemError)) throw new Error("it was not refused");
  return fault.problem;
};

test("a store at fault refuses before anything is done, with the reason and when to come again", async () => {
  for (const [cause, code, http] of [
    ["disk_full", "disk_full", 507],
    ["io", "storage_unavailable", 503],
  ] as const) {
    status = faulted(cause);
    const problem = await problemOf(ask("new", "k"));
    expect(problem).toMatchObject({ code, status: http, retry_after_s: 5 });
    expect(problem.detail).toContain("What was accepted before is safe");
  }
  expect(await readdir(join(house.home, "workspaces")).catch(() => [])).toEqual([]);
  expect(house.model.requests).toEqual([]);
});

test("what was accepted before is read and answered under its key", async () => {
  const turn = await ask("first", "k1");
  status = faulted("io");
  expect(await ask("first", "k1")).toEqual(turn);
  expect(await house.client.turns.get(turn.id)).toEqual(turn);
  expect((await house.client.turns.list()).items).toEqual([turn]);
  expect(await house.client.readyz()).toMatchObject({ ready: false, level: "read-only" });
  status = { state: "writing" };
  expect((await ask("second", "k2")).answer).toBe("Here.");
  expect(await house.client.readyz()).toMatchObject({ ready: true, level: "full" });
});
