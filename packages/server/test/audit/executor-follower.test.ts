import {
  CHAIN_START,
  chainBody,
  type ChainEntry,
  chainHash,
  type ChainRecord,
} from "@mainstay/executor/chain-record";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { Notary } from "../../src/audit/audit.ts";
import { openTrailHome, type TrailHome } from "./trail-home.ts";

let trail: TrailHome;
let chain: ChainRecord[] | null;

beforeEach(async () => {
  trail = await openTrailHome();
  chain = chainOf("a", 5);
});
afterEach(() => trail.close());

const executorChain = async (after: number) =>
  chain?.filter(({ n }) => n > after).slice(0, 3) ?? null;
const run = () => trail.run({ executorChain });

/** A chain of refusals of one ticket after the other. */
function chainOf(digit: string, length: number): ChainRecord[] {
  let { n, hash } = CHAIN_START;
  return Array.from({ length }, () => {
    const entry: ChainEntry = {
      ...{ kind: "refused", command_id: null, code: "expired" },
      ticket_sha256: digit.repeat(64),
    };
    n += 1;
    hash = chainHash(hash, n, 1, chainBody(entry));
    return { ...entry, n, at: 1, hash };
  });
}

const lastOf = (records: readonly ChainRecord[]) => {
  const { n, hash } = records.at(-1)!;
  return { n, hash };
};

async function sign(notary: Notary) {
  await trail.record(1);
  return (await notary.head()).executor;
}

async function began(): Promise<object[]> {
  const store = trail.store();
  const rows = await store.query(store.sql.selectFrom("audit").select("body"));
  const records = rows.map(({ body }) => JSON.parse(body));
  return records.filter(({ kind }) => kind === "executor_chain_began");
}

test.each([
  ["shorter", 2],
  ["longer", 9],
  ["lost", 0],
])("a chain that began anew, and is %s, is recorded once, then followed", async (_how, length) => {
  const notary = await run();
  const old = lastOf(chain!);
  expect(await sign(notary)).toEqual(old);
  chain = chainOf("b", length);
  expect(await sign(notary), "not before the record of it is signed").toBeNull();
  expect(await began()).toEqual([
    { kind: "executor_chain_began", before_n: old.n, before_hash: old.hash },
  ]);
  if (length === 0) chain = chainOf("b", 1);
  expect(await sign(notary)).toEqual(lastOf(chain));
  expect(await began()).toHaveLength(1);
});

test("a chain that began anew while nobody looked is found by the next run, also past a head without it", async () => {
  const first = await run();
  const old = lastOf(chain!);
  expect(await sign(first)).toEqual(old);
  chain = null;
  expect(await sign(first)).toBeNull();
  const second = await run();
  expect((await second.head()).executor).toBeNull();
  chain = chainOf("b", 9);
  expect(await sign(second)).toBeNull();
  expect(await began()).toMatchObject([{ before_n: old.n, before_hash: old.hash }]);
  chain = null;
  expect(await sign(second)).toBeNull();
  const third = await run();
  chain = chainOf("b", 9);
  expect(await sign(third)).toEqual(lastOf(chain));
  expect(await began()).toHaveLength(1);
});

test("an anchor goes on from what was followed; a changed link is no new chain", async () => {
  const notary = await run();
  expect(await sign(notary)).toEqual(lastOf(chain!));
  const longer = chainOf("a", 8);
  chain = longer.map((record) =>
    record.n === 6 ? { kind: "anchor", n: 6, at: 1, hash: record.hash } : record,
  );
  chain = chain.filter(({ n }) => n >= 6);
  expect(await sign(notary)).toEqual(lastOf(longer));
  chain = [...chain, { ...chainOf("a", 9)[8]!, at: 2 }];
  expect(await sign(notary)).toBeNull();
  expect(await began()).toEqual([]);
});
