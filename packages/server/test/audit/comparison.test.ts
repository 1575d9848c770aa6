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
  readonly seen?: AuditHead["executor"];
}

async function compare({ trail, chain, meanwhile = [], seen = null }: Given) {
  let records = chain;
  const executor = createExecutorRecord(async (after) => records.filter(({ n }) => n > after));
  expect(await executor.read()).toBe(true);
  const comparison = createComparison(executor);
  trail.forEach((record, i) =>
    comparison.record({ seq: i + 1, at: 5, body: JSON.stringify(record), hash: "" }),
  );
  comparison.head("checkpoint 1", { executor: seen } as AuditHead);
  records = [...chain, ...meanwhile];
  const { faults, commands, without_result } = await comparison.end();
  return { faults: faults.map(({ fault }) => fault), commands, without_result };
}

const whole = chainOf([started, ended]);
const fine = { faults: [], commands: 1, without_result: 0 };

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
