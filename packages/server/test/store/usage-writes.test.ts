import { UsageDimension, type UsageSums } from "@mainstay/sdk/usage";
import fc from "fast-check";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { Store } from "../../src/store/store.ts";
import { usageGroups, usageTotal } from "../../src/store/usage-report.ts";
import { type Billed, billWrites } from "../../src/store/usage-writes.ts";
import { stateGuard } from "../../src/store/turn-writes.ts";
import { AT, note, populate } from "./population.ts";
import { sqlitePlace } from "./sqlite-place.ts";

let place: Awaited<ReturnType<typeof sqlitePlace>>;
let store: Store;

beforeEach(async () => {
  place = await sqlitePlace();
  store = await place.open();
  await populate(store);
});
afterEach(async () => {
  await store.close();
  await place.remove();
});

const always = { from: "0000-01-01", to: "9999-12-31", person_id: null };
const nothing: UsageSums = {
  ...{ requests: 0, input_tokens: 0, output_tokens: 0, cost_micro_usd: 0 },
  ...{ estimated_requests: 0, unpriced_requests: 0 },
};

const billed = (rest: Partial<Billed["bill"]> = {}, model = "m"): Billed => ({
  provider: "groq",
  model,
  bill: {
    credential: "abc",
    usage: { input_tokens: 100, output_tokens: 10 },
    estimated: false,
    cost_micro_usd: 7,
    ...rest,
  },
});

const bill = (what: Billed, at = AT) => billWrites(store, { ...what, person_id: "p", at });
const eventWith = (what: Billed) => ({ writes: [note(store, "t1", "a"), ...bill(what)] });

test("attempts add up, by day, key and model", async () => {
  await store.commit(eventWith(billed()));
  await store.commit(eventWith(billed({ estimated: true, cost_micro_usd: null })));
  await store.commit(eventWith(billed({ credential: "other" })));
  expect((await usageGroups(store, always, ["day", "person", "credential"], {})).items).toEqual([
    {
      ...{ day: "2023-11-14", person: "Ann", credential: "abc" },
      ...{ requests: 2, input_tokens: 200, output_tokens: 20, cost_micro_usd: 7 },
      ...{ estimated_requests: 1, unpriced_requests: 1 },
    },
    {
      ...{ day: "2023-11-14", person: "Ann", credential: "other" },
      ...{ requests: 1, input_tokens: 100, output_tokens: 10, cost_micro_usd: 7 },
      ...{ estimated_requests: 0, unpriced_requests: 0 },
    },
  ]);
});

test("a batch that is refused, or that cannot be written, bills nothing", async () => {
  const guards = [stateGuard(store, "t1", "done")];
  expect(await store.commit({ guards, ...eventWith(billed()) })).toMatchObject({
    committed: false,
  });
  const bad = { sql: "insert into nowhere values (1)", parameters: [] };
  const { writes } = eventWith(billed());
  await expect(store.commit({ writes: [...writes, bad] })).rejects.toThrow();
  expect(await usageTotal(store, always)).toEqual(nothing);
});

test("a day ends at midnight in UTC", async () => {
  const midnight = Date.UTC(2026, 0, 1);
  await store.commit({ writes: bill(billed(), midnight - 1) });
  await store.commit({ writes: bill(billed(), midnight) });
  const { items } = await usageGroups(store, always, ["day"], {});
  expect(items.map(({ day }) => day)).toEqual(["2025-12-31", "2026-01-01"]);
  const second = { ...always, from: "2026-01-01" };
  expect(await usageTotal(store, second)).toMatchObject({ requests: 1 });
  expect(await usageTotal(store, { ...always, to: "2025-12-31" })).toMatchObject({ requests: 1 });
});

const dimensions = fc.shuffledSubarray(UsageDimension.options, { minLength: 1 });
const attempts = fc.array(
  fc.record({
    model: fc.constantFrom("m", "n"),
    credential: fc.constantFrom("abc", "def"),
    day: fc.nat(3),
    input_tokens: fc.nat(10_000_000),
    cost_micro_usd: fc.option(fc.nat(10_000_000)),
    refused: fc.boolean(),
  }),
  { maxLength: 30 },
);

test("whatever is billed in whatever order, and however it is told apart, the sums are of what was written", () =>
  fc.assert(
    fc.asyncProperty(
      attempts,
      dimensions,
      fc.integer({ min: 1, max: 5 }),
      async (all, by, limit) => {
        await store.commit({ writes: [store.sql.deleteFrom("usage").compile()] });
        await Promise.all(
          all.map(({ model, credential, day, input_tokens, cost_micro_usd, refused }) => {
            const usage = { input_tokens, output_tokens: 1 };
            const what = billed({ credential, usage, cost_micro_usd }, model);
            const guards = refused ? [stateGuard(store, "t1", "done")] : [];
            return store.commit({ guards, writes: bill(what, AT + day * 86_400_000) });
          }),
        );
        const written = all.filter(({ refused }) => !refused);
        const total = await usageTotal(store, always);
        expect(total).toMatchObject({
          requests: written.length,
          input_tokens: written.reduce((sum, each) => sum + each.input_tokens, 0),
          cost_micro_usd: written.reduce((sum, each) => sum + (each.cost_micro_usd ?? 0), 0),
          unpriced_requests: written.filter((each) => each.cost_micro_usd === null).length,
        });
        expect(await addedUp(by, limit)).toEqual(total);
      },
    ),
    { numRuns: 40 },
  ));

/** The groups of all pages, which must be in order and each there once, as one. */
async function addedUp(by: readonly UsageDimension[], limit: number): Promise<UsageSums> {
  const sums = { ...nothing };
  const names: string[] = [];
  for (let after: string | undefined; ;) {
    const { items, next } = await usageGroups(store, always, by, { after, limit });
    for (const item of items) {
      names.push(by.map((dimension) => item[dimension]).join(" "));
      for (const name of Object.keys(sums) as (keyof UsageSums)[]) sums[name] += item[name];
    }
    if (next === null) break;
    after = next;
  }
  expect(names).toEqual([...new Set(names)].toSorted());
  return sums;
}
