import { hash } from "node:crypto";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { CHAIN_KEPT_RECORDS, type ChainEntry } from "@mainstay/executor/chain-record";
import { openChain } from "@mainstay/executor/ledger/chain";
import { migrate } from "@mainstay/executor/ledger/migrations";
import { readChain } from "@mainstay/executor/read-chain";
import { teachSeal } from "@mainstay/executor/ledger/seal";
import type { AuditRecord } from "@mainstay/sdk/audit";
import type { Clock } from "@mainstay/sdk/clock";
import { createNotary } from "../packages/server/src/audit/audit.ts";
import { auditWrite } from "../packages/server/src/store/audit-log.ts";
import { openSqliteStore } from "../packages/server/src/store/sqlite.ts";
import type { Store } from "../packages/server/src/store/store.ts";
import { createLog } from "../packages/server/src/telemetry/log.ts";

const COMMANDS_A_BATCH = 500;

const sha256 = (text: string): string => hash("sha256", text, "hex");

type Intent = Extract<AuditRecord, { kind: "command_intent" }>;
type Result = Extract<AuditRecord, { kind: "command_result" }>;

const idOf = (n: number): string => `cmd_${sha256(`${n}`).slice(0, 16)}`;

export const intentOf = (n: number): Intent => ({
  ...{ kind: "command_intent", command_id: idOf(n) },
  ...{ turn_id: `turn_${n}`, step: 1, call_id: "call_1", person_id: `person_${n % 50}` },
  ...{ workspace_id: "ws_1", profile: "agent", script_sha256: sha256(`script ${n}`) },
  ...{ planned_digest: sha256(`plan ${n}`), verdict: "ask", consent: "person" },
  ...{ agreed_by: "person_1", agreement_id: `approval_${n}` },
});

const resultOf = (n: number): Result => ({
  ...{ kind: "command_result", command_id: idOf(n), person_id: `person_${n % 50}` },
  ...{ outcome: "exited", exit_code: n % 2, signal: null, duration_ms: 12.5, output_bytes: n },
  ...{ output_sha256: sha256(`output ${n}`), executed_digest: sha256(`plan ${n}`) },
  sandbox: "bubblewrap",
});

const wordsOf = (n: number): ChainEntry[] => [
  {
    ...{ kind: "started", command_id: idOf(n) },
    ...{ plan_digest: sha256(`plan ${n}`), consent_kind: "person" },
  },
  {
    ...{ kind: "ended", command_id: idOf(n), plan_digest: sha256(`plan ${n}`) },
    ...{ outcome: "exited", exit_code: n % 2, output_sha256: sha256(`output ${n}`) },
  },
];

/**
 * The trail of `commands` commands, two records each and a checkpoint for every thousand, and the chain
 * of the executor that ran them, in the files of a home as they both leave them. `meanwhile` works on the
 * same store.
 */
export async function writeTrail(
  home: string,
  clock: Clock,
  { commands, meanwhile }: { commands: number; meanwhile: (store: Store) => Promise<void> },
): Promise<void> {
  const store = await openSqliteStore({ home, clock });
  const notary = createNotary({
    ...{ store, home, clock, log: createLog("silent") },
    settings: { head_file: null, webhook: null },
    executorChain: async (after) => readChain(home, after),
  });
  await notary.start();
  const executor = openExecutor(home);
  for (let from = 0; from < commands; from += COMMANDS_A_BATCH) {
    const batch = Array.from({ length: COMMANDS_A_BATCH }, (_, i) => from + i);
    const records = batch.flatMap((n) => [intentOf(n), resultOf(n)]);
    await store.commit({ writes: records.map((record) => auditWrite(store, from, record)) });
    executor.append(from, batch.flatMap(wordsOf));
    await notary.head();
  }
  executor.close();
  await meanwhile(store);
  await notary.stop();
  await store.close();
}

function openExecutor(home: string) {
  mkdirSync(join(home, "exec"));
  const db = new DatabaseSync(join(home, "exec", "exec.db"));
  teachSeal(db);
  migrate(db);
  db.exec("PRAGMA journal_mode = WAL");
  const chain = openChain(db, CHAIN_KEPT_RECORDS);
  return {
    append(at: number, entries: readonly ChainEntry[]): void {
      db.exec("BEGIN");
      for (const entry of entries) chain.append(at, entry);
      db.exec("COMMIT");
      chain.settled(true);
    },
    close: () => db.close(),
  };
}
