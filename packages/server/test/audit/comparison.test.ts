import {
  CHAIN_START,
  chainBody,
  type ChainEntry,
  chainHash,
  type ChainRecord,
} from "@mainstay/executor/chain-record";
import type { AuditRecord } from "@mainstay/sdk/audit";
import type { AuditHead } from "@mainstay/sdk/audit-trail";
import { expect, test } from "vitest";
import { createComparison } from "../../src/audit/comparison.ts";
import { createExecutorRecord } from "../../src/audit/executor-record.ts";

const sha = (digit: string) => digit.repeat(64);

const intent = {
  ...{ kind: "command_intent", command_id: "cmd_1", turn_id: "turn_1", step: 1, call_id: "c" },
  ...{ person_id: "p", workspace_id: "w", profile: "agent", script_sha256: sha("0") },
  ...{ planned_digest: sha("a"), verdict: "ask", consent: "person", agreed_by: "p" },
  agreement_id: "apr_1",
} satisfies AuditRecord;
const result = {
  ...{ kind: "command_result", command_id: "cmd_1", person_id: "p", outcome: "exited" },
  ...{ exit_code: 0, signal: null, duration_ms: 1, output_bytes: 1, output_sha256: sha("b") },
  ...{ executed_digest: sha("a"), sandbox: "bubblewrap" },
} satisfies AuditRecord;
const started = {
  ...{ kind: "started", command_id: "cmd_1", plan_digest: sha("a"), consent_kind: "person" },
} satisfies ChainEntry;
const ended = {
  ...{ kind: "ended", command_id: "cmd_1", plan_digest: sha("a"), outcome: "exited" },
  ...{ exit_code: 0, output_sha256: sha("b") },
} satisfies ChainEntry;

function chainOf(entries: readonly ChainEntry[]): ChainRecord[] {
  let { n, hash } = CHAIN_START;
  return entries.map((entry) => {
    n += 1;
    hash = chainHash(hash, n, 1, chainBody(entry));
    return { ...entry, n, at: 1, hash };
  });
}

interface Given {
  readonly trail: readonly AuditRecord[];
  readonly chain: readonly ChainRecord[];
  /** What the executor did while the trail was read. */
  readonly meanwhile?: readonly ChainRecord[];
  /** What a head saw of the chain. */
  readonly seen?: AuditHead["executor"];
  /** The record behind which it was signed; the last one without a word. */
  readonly seen_at?: number;
  /** At the second look nobody can read the chain. */
  readonly away?: boolean;
}

async function compare(given: Given) {
  const { trail, chain, meanwhile = [], seen = null, away = false } = given;
  let records: readonly ChainRecord[] | null = chain;
  const executor = createExecutorRecord(
    async (after) => records?.filter(({ n }) => n > after) ?? null,
  );
  expect((await executor.read()) || executor.faults.length > 0).toBe(true);
  const comparison = createComparison(executor);
  trail.forEach((record, i) =>
    comparison.record({ seq: i + 1, at: 5, body: JSON.stringify(record), hash: "" }),
  );
  comparison.head("checkpoint 1", {
    seq: given.seen_at ?? trail.length,
    executor: seen,
  } as AuditHead);
  records = away ? null : [...chain, ...meanwhile];
  const { faults, ...rest } = await comparison.end();
  return { faults: faults.map(({ fault }) => fault), ...rest };
}

const whole = chainOf([started, ended]);
const fine = { faults: [], commands: 1, without_result: 0, unheard: 0, began: null };

test("a command that stands alike in both is fine, as is one under way", async () => {
  expect(await compare({ trail: [intent, result], chain: whole })).toEqual(fine);
  expect(await compare({ trail: [intent], chain: whole.slice(0, 1) })).toEqual(fine);
  expect(await compare({ trail: [intent], chain: whole })).toEqual({ ...fine, without_result: 1 });
});

test("what began while the trail was read is no fault", async () => {
  const given = { trail: [intent, result], chain: [], meanwhile: whole };
  expect(await compare(given)).toEqual({ ...fine, commands: 0 });
  expect(await compare({ ...given, chain: whole.slice(0, 1), meanwhile: whole.slice(1) })).toEqual(
    fine,
  );
});

test("a head that was signed while the trail was read may have seen what ran meanwhile", async () => {
  const seen = { n: 2, hash: whole[1]!.hash };
  const given = { trail: [intent, result], chain: whole.slice(0, 1), meanwhile: whole.slice(1) };
  expect(await compare({ ...given, seen })).toEqual(fine);
  const { faults } = await compare({ ...given, seen: { n: 2, hash: sha("d") } });
  expect(faults.join()).toContain("record 2 of the executor's chain is not the one");
});

test("what only a second look could judge is no fault without one, and is told as not compared", async () => {
  const chain = whole.slice(0, 1);
  const given = { trail: [intent, result], chain, seen: { n: 2, hash: whole[1]!.hash } };
  expect(await compare({ ...given, away: true })).toEqual({ ...fine, unheard: 2 });
  const { faults } = await compare(given);
  expect(faults).toHaveLength(2);
});

test("of a chain that was begun anew, what is before that on the trail is not compared with it", async () => {
  const began = { kind: "executor_chain_began", before_n: 40, before_hash: sha("f") } as const;
  const other = { ...intent, command_id: "cmd_0" };
  const gone = { ...result, command_id: "cmd_0" };
  const trail = [other, gone, began, intent, result];
  const seen = { n: 2, hash: whole[1]!.hash };
  expect(await compare({ trail, chain: whole, seen })).toEqual({ ...fine, began: 3 });
  const old = { n: 40, hash: sha("f") };
  expect(await compare({ trail, chain: whole, seen: old, seen_at: 2 })).toEqual({
    ...fine,
    began: 3,
  });
  const late = await compare({ trail: [...trail, other, gone], chain: whole, seen });
  expect(late.faults.join()).toContain("knows nothing of cmd_0");
});

test("records that are not in the usual bytes are compared like those that are", async () => {
  const odd = { ...intent, call_id: 'a "call" \u2028', extra: 1 };
  expect(await compare({ trail: [odd, result], chain: whole })).toEqual(fine);
  const { faults } = await compare({
    trail: [{ ...odd, planned_digest: sha("c") }, result],
    chain: whole,
  });
  expect(faults.join()).toContain("started another plan");
  const damaged = { ...result, outcome: "exited\nok    999 records" } as unknown as AuditRecord;
  expect((await compare({ trail: [intent, damaged], chain: whole })).faults).toEqual([
    "it says of a command what no record of one does",
  ]);
});

test.each<[string, Given, RegExp]>([
  ["no intent", { trail: [], chain: whole }, /started cmd_1, and the trail has no intent/],
  [
    "another plan",
    { trail: [{ ...intent, planned_digest: sha("c") }], chain: whole },
    /started another plan/,
  ],
  [
    "another consent",
    { trail: [{ ...intent, consent: "trust" }], chain: whole },
    /told of consent by person, not trust/,
  ],
  [
    "another exit code",
    { trail: [intent, { ...result, exit_code: 1 }], chain: whole },
    /exit code is 1 on the trail and 0/,
  ],
  [
    "another output",
    { trail: [intent, { ...result, output_sha256: sha("c") }], chain: whole },
    /hash of its output/,
  ],
  [
    "another digest of what ran",
    { trail: [intent, { ...result, executed_digest: sha("c") }], chain: whole },
    /digest of what ran is c{64} on the trail and a{64}/,
  ],
  [
    "another end",
    { trail: [intent, { ...result, outcome: "interrupted" }], chain: whole },
    /outcome is interrupted on the trail and exited/,
  ],
  [
    "a result of nothing",
    { trail: [intent, result], chain: [] },
    /knows nothing of cmd_1, which ran by this record/,
  ],
  [
    "a chain that was cut off",
    { trail: [intent, result], chain: whole, seen: { n: 3, hash: sha("d") } },
    /chain ends at record 2, but checkpoint 1 saw 3/,
  ],
  [
    "a chain of which more was dropped than an executor drops",
    { trail: [], chain: [{ kind: "anchor", n: 200_001, at: 9, hash: sha("e") }] },
    /records of the executor's chain were cut off/,
  ],
  [
    "a chain that was made anew",
    { trail: [intent, result], chain: whole, seen: { n: 2, hash: sha("d") } },
    /record 2 of the executor's chain is not the one/,
  ],
  [
    "a chain with a changed link",
    { trail: [intent, result], chain: [whole[0]!, { ...whole[1]!, at: 2 }] },
    /record 2 of the executor's chain: its hash/,
  ],
])("found: %s", async (_name, given, fault) => {
  expect((await compare(given)).faults.join("; ")).toMatch(fault);
});

test("what the executor dropped with age is not held against the trail", async () => {
  const anchor = { kind: "anchor", n: 200_001, at: 9, hash: sha("e") } as const;
  const { faults } = await compare({ trail: [intent, result], chain: [anchor] });
  expect(faults.join()).not.toContain("knows nothing");
});
