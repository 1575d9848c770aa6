import { hash, randomBytes } from "node:crypto";
import { type Plan, signTicket, verifyTicket } from "@mainstay/executor/ticket";
import type { AuditRecord } from "@mainstay/sdk/audit";
import type { Clock } from "@mainstay/sdk/clock";
import { createNotary, verifyAudit } from "../packages/server/src/audit/audit.ts";
import { createGateAudit, type GateAudit } from "../packages/server/src/execution/gate-audit.ts";
import { auditWrite } from "../packages/server/src/store/audit-log.ts";
import { openSqliteStore } from "../packages/server/src/store/sqlite.ts";
import type { Store } from "../packages/server/src/store/store.ts";
import { createLog } from "../packages/server/src/telemetry/log.ts";
import { type Claim, ours } from "./claim.ts";
import { scratchFolder } from "./house.ts";
import { median, percentile } from "./sample.ts";

const RECORDS = 200_000;
const RECORDS_A_BATCH = 500;
const VERIFIES = 3;
const COMMANDS = 500;
/** The room that the issue gives to ticket and audit of a command. */
const COMMAND_MS = 3;

/** A trail of many records: what it costs a command to be on it, and what reading all of it takes. */
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
  const costs = await gateCosts(store, clock);
  await notary.stop();
  await store.close();
  return [...costs, await verifyRate(home, clock)];
}

const sha256 = (text: string): string => hash("sha256", text, "hex");

function intentOf(n: number): Extract<AuditRecord, { kind: "command_intent" }> {
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

/** What the gate does for one command besides running it: the ticket, and its two records. */
async function gateCosts(store: Store, clock: Clock): Promise<Claim[]> {
  const gate = createGateAudit({ store, clock, stopping: new AbortController().signal });
  const key = randomBytes(32);
  const tickets: number[] = [];
  const records: number[] = [];
  for (let n = RECORDS; n < RECORDS + COMMANDS; n++) {
    tickets.push(await timed(clock, async () => passTicket(key, clock.now(), n)));
    records.push(await timed(clock, () => record(gate, n)));
  }
  return [
    {
      claim: "ticket and audit, added to a command",
      n: COMMANDS,
      measured: median(tickets) + median(records),
      unit: "ms",
      target: ours("at most", COMMAND_MS),
      note:
        `p50: sign and verify ${median(tickets).toFixed(2)} ms, intent and result, a synced write each, ` +
        `${median(records).toFixed(2)} ms (p99 ${percentile(records, 99).toFixed(2)} ms)`,
    },
  ];
}

const planOf = (n: number): Plan => ({
  ...{ command_id: `cmd_${n}`, person_id: "person_1", person_uid_number: 1, workspace_id: "ws_1" },
  ...{ run: { kind: "script", script: "npm test" }, stdin: null, profile: "agent", pins: [] },
  limits: { wall_ms: 600_000, output_bytes: 262_144 },
});

function passTicket(key: Uint8Array, now: number, n: number): void {
  const ticket = signTicket(key, {
    plan: planOf(n),
    consent: { verdict: "ask", kind: "person", decided_by: "person_1", agreement_id: `apr_${n}` },
    expires_at: now + 60_000,
    nonce: randomBytes(16).toString("hex"),
  });
  if (!verifyTicket(key, ticket, now).ok) throw new Error("a ticket of ours was refused");
}

async function record(gate: GateAudit, n: number): Promise<void> {
  const { kind: _, ...intent } = intentOf(n);
  const hindrance = await gate.intend(intent, { guards: [], writes: [] });
  if (hindrance !== null) throw new Error(hindrance);
  // No executor ran it, so its chain has nothing of it either.
  const end = { outcome: "not_started", why: "only measured" } as const;
  await gate.ended(intent.command_id, intent.person_id, end);
}

async function timed(clock: Clock, work: () => Promise<void>): Promise<number> {
  const from_ms = clock.monotonic();
  await work();
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
