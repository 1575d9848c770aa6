/** A home with an audit trail of real records, checkpoints signed along the way, and an executor's chain. */
import { hash } from "node:crypto";
import { cpSync, existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { CHAIN_KEPT_RECORDS, type ChainEntry } from "@mainstay/executor/chain-record";
import { openChain } from "@mainstay/executor/ledger/chain";
import { migrate } from "@mainstay/executor/ledger/migrations";
import { teachSeal } from "@mainstay/executor/ledger/seal";
import { readChain } from "@mainstay/executor/read-chain";
import type { AuditRecord } from "@mainstay/sdk/audit";
import type { AuditHead } from "@mainstay/sdk/audit-trail";
import { systemClock } from "@mainstay/sdk/clock";
import { createNotary, type ReadChain } from "../../packages/server/src/audit/audit.ts";
import { auditWrite } from "../../packages/server/src/store/audit-log.ts";
import { openSqliteStore } from "../../packages/server/src/store/sqlite.ts";
import { createLog } from "../../packages/server/src/telemetry/log.ts";

export interface Trail {
  /** The folder as a server that ended left it. */
  readonly home: string;
  /** The last head, kept elsewhere. */
  readonly head: AuditHead;
  /** `audit.head` as it was at an earlier checkpoint. */
  readonly earlier: AuditHead;
}

const sha256 = (text: string): string => hash("sha256", text, "hex");

const BEGAN_AT = 1_795_000_000_000;

/** What is on the trail of `commands` commands, every third agreed to by a person. */
export async function makeTrail(home: string, commands: number): Promise<Trail> {
  const store = await openSqliteStore({ home, clock: systemClock });
  const notary = createNotary({
    ...{ store, home, clock: systemClock, log: createLog("silent") },
    settings: { head_file: null, webhook: null },
    executorChain: executorOf(home),
  });
  await notary.start();
  const executor = openExecutor(home);
  let earlier: AuditHead | null = null;
  for (let n = 0; n < commands; n++) {
    const writes = recordsOf(n).map((record) => auditWrite(store, BEGAN_AT + n, record));
    await store.commit({ writes });
    for (const entry of executorWords(n)) executor.append(BEGAN_AT + n, entry);
    if (n % 20 === 19) {
      const head = await notary.head();
      if (n >= commands / 2) earlier ??= head;
    }
  }
  const head = await notary.head();
  executor.close();
  await notary.stop();
  await store.close();
  return { home, head, earlier: earlier! };
}

function recordsOf(n: number): AuditRecord[] {
  const command_id = `cmd_${n}`;
  const person_id = `person_${n % 7}`;
  const asked = n % 3 === 0;
  const planned = sha256(`plan ${n}`);
  const approval_id = `approval_${n}`;
  const common = { person_id, workspace_id: "ws_1", script_sha256: sha256(`script ${n}`) };
  const turn_id = `turn_${n}`;
  const decided_by = person_id;
  const consent: AuditRecord[] = asked
    ? [
        { kind: "approval_requested", approval_id, turn_id, ...common },
        { kind: "approval_decided", approval_id, person_id, decision: "approve", decided_by },
      ]
    : [];
  const agreement = asked
    ? ({
        verdict: "ask",
        consent: "person",
        agreed_by: decided_by,
        agreement_id: approval_id,
      } as const)
    : ({ verdict: "safe", consent: "policy", agreed_by: null, agreement_id: null } as const);
  return [
    ...consent,
    {
      ...{ kind: "command_intent", command_id, turn_id, step: 1, call_id: "call_1" },
      ...{ ...common, profile: "agent", planned_digest: planned, ...agreement },
    },
    {
      ...{ kind: "command_result", command_id, person_id, outcome: "exited", exit_code: n % 2 },
      ...{ signal: null, duration_ms: 12, output_bytes: n, output_sha256: sha256(`output ${n}`) },
      ...{ executed_digest: planned, sandbox: "bubblewrap" },
    },
  ];
}

function executorWords(n: number): ChainEntry[] {
  const plan_digest = sha256(`plan ${n}`);
  const command_id = `cmd_${n}`;
  return [
    { kind: "started", command_id, plan_digest, consent_kind: n % 3 === 0 ? "person" : "policy" },
    {
      ...{ kind: "ended", command_id, plan_digest, outcome: "exited", exit_code: n % 2 },
      output_sha256: sha256(`output ${n}`),
    },
  ];
}

/** The chain in its file, as an executor leaves it. */
function openExecutor(home: string) {
  mkdirSync(join(home, "exec"));
  const db = new DatabaseSync(join(home, "exec", "exec.db"));
  teachSeal(db);
  migrate(db);
  const chain = openChain(db, CHAIN_KEPT_RECORDS);
  return {
    append(at: number, entry: ChainEntry): void {
      chain.append(at, entry);
      chain.settled(true);
    },
    close: () => db.close(),
  };
}

/** Of the executor that worked in a home and is gone. */
export const executorOf =
  (home: string): ReadChain =>
  async (after) =>
    readChain(home, after);

const EXECUTOR_FILE = join("exec", "exec.db");
const AUDIT_FILES = ["mainstay.db", "audit.key", "audit.head", EXECUTOR_FILE];

/** All that a verification reads. */
export const copyTrail = (from: string, to: string): void => {
  for (const file of AUDIT_FILES) cpSync(join(from, file), join(to, file));
};

/** What the files hold, or null where SQLite does not read them any more. */
export function contentOf(home: string): string | null {
  try {
    const [rows, words] = rowsOf(join(home, "mainstay.db"), TRAIL);
    const executor = join(home, EXECUTOR_FILE);
    const chain = existsSync(executor) ? rowsOf(executor, CHAIN) : null;
    return JSON.stringify([rows, words, readFileSync(join(home, "audit.head"), "utf8"), chain]);
  } catch {
    return null;
  }
}

const TRAIL = [
  "select seq, at, body, hash from audit order by seq",
  "select * from audit_checkpoint order by n",
];
const CHAIN = ["select n, at, body, hash from chain order by n"];

function rowsOf(file: string, queries: readonly string[]) {
  const db = new DatabaseSync(file, { readOnly: true });
  try {
    return queries.map((query) => db.prepare(query).all());
  } finally {
    db.close();
  }
}
