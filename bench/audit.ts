import { hash } from "node:crypto";
import type { AuditRecord } from "@mainstay/sdk/audit";
import type { Clock } from "@mainstay/sdk/clock";
import { createNotary, verifyAudit } from "../packages/server/src/audit/audit.ts";
import { auditWrite } from "../packages/server/src/store/audit-log.ts";
import { openSqliteStore } from "../packages/server/src/store/sqlite.ts";
import type { Statement, Store } from "../packages/server/src/store/store.ts";
import { createLog } from "../packages/server/src/telemetry/log.ts";
import { type Claim, ours } from "./claim.ts";
import { scratchFolder } from "./house.ts";
import { median, percentile } from "./sample.ts";

const RECORDS = 200_000;
const RECORDS_A_BATCH = 500;
const VERIFIES = 3;
const COMMITS = 500;
/** The room that the issue gives to ticket and audit of a command. */
const COMMAND_MS = 3;

/** A trail of many records: what one more costs the batch that it stands in, and what reading it takes. */
export async function measureAudit(clock: Clock): Promise<Claim[]> {
  await using folder = await scratchFolder();
  const home = folder.path;
  const store = await openSqliteStore({ home, clock });
  const notary = createNotary({
    ...{ store, home, clock, log: createLog("silent") },
    settings: { head_file: null, webhook: null },
    executorChain: async () => null,
  });
  await notary.start();
  await fill(store, notary.head);
  const appends = await appendCosts(store, clock);
  await notary.stop();
  await store.close();
  return [...appends, await verifyRate(home, clock)];
}

const sha256 = (text: string): string => hash("sha256", text, "hex");

function intentOf(n: number): AuditRecord {
  return {
    ...{ kind: "command_intent", command_id: `cmd_${sha256(`${n}`).slice(0, 16)}` },
    ...{ turn_id: `turn_${n}`, step: 1, call_id: "call_1", person_id: `person_${n % 50}` },
    ...{ workspace_id: "ws_1", profile: "agent", script_sha256: sha256(`script ${n}`) },
    ...{ planned_digest: sha256(`plan ${n}`), verdict: "ask", consent: "person" },
    ...{ agreed_by: "person_1", agreement_id: `approval_${n}` },
  };
}

async function fill(store: Store, sign: () => Promise<unknown>): Promise<void> {
  for (let from = 0; from < RECORDS; from += RECORDS_A_BATCH) {
    const writes = Array.from({ length: RECORDS_A_BATCH }, (_, i) =>
      auditWrite(store, from + i, intentOf(from + i)),
    );
    await store.commit({ writes });
    if (from % 1_000 === 0) await sign();
  }
}

/** The same commit with a record in it and without, in turns, so that the disk is the same to both. */
async function appendCosts(store: Store, clock: Clock): Promise<Claim[]> {
  const without: number[] = [];
  const within: number[] = [];
  for (let n = 0; n < COMMITS; n++) {
    without.push(await commitTime(store, clock, [plainWrite(store)]));
    const record = auditWrite(store, n, intentOf(RECORDS + n));
    within.push(await commitTime(store, clock, [plainWrite(store), record]));
  }
  const note =
    `a commit takes p50 ${median(without).toFixed(2)} ms without it, ` +
    `${median(within).toFixed(2)} ms with it (p99 ${percentile(within, 99).toFixed(2)} ms)`;
  return [
    {
      claim: "audit, one record more in a commit",
      n: COMMITS,
      measured: median(within) - median(without),
      unit: "ms",
      target: ours("at most", COMMAND_MS),
      note,
    },
  ];
}

const plainWrite = ({ sql }: Store): Statement =>
  sql
    .updateTable("server_run")
    .set((of) => ({ incarnation: of.ref("incarnation") }))
    .compile();

async function commitTime(
  store: Store,
  clock: Clock,
  writes: readonly Statement[],
): Promise<number> {
  const from_ms = clock.monotonic();
  await store.commit({ writes });
  return clock.monotonic() - from_ms;
}

async function verifyRate(home: string, clock: Clock): Promise<Claim> {
  const rates: number[] = [];
  let megabytes = 0;
  for (let i = 0; i < VERIFIES; i++) {
    const from_ms = clock.monotonic();
    const { ok, records, bytes } = await verifyAudit({
      ...{ home, head: null, executor: async () => [] },
    });
    if (!ok) throw new Error("the trail that was just written is not whole");
    rates.push(records / ((clock.monotonic() - from_ms) / 1000));
    megabytes = bytes / 1_048_576;
  }
  return {
    claim: "audit verify",
    n: RECORDS,
    measured: median(rates),
    unit: "records/s",
    target: ours("at least", 100_000),
    note: `median of ${VERIFIES}, ${megabytes.toFixed(0)} MB, a checkpoint every 1000 records`,
  };
}
