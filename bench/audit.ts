import { randomBytes } from "node:crypto";
import { type Plan, signTicket, verifyTicket } from "@mainstay/executor/ticket";
import type { Clock } from "@mainstay/sdk/clock";
import { auditVerify } from "../packages/server/src/commands/audit.ts";
import { createGateAudit, type GateAudit } from "../packages/server/src/execution/gate-audit.ts";
import type { Store } from "../packages/server/src/store/store.ts";
import { type Claim, ours } from "./claim.ts";
import { scratchFolder } from "./house.ts";
import { median, percentile } from "./sample.ts";
import { intentOf, writeTrail } from "./trail.ts";

/** Two records each on the trail, and two in the executor's chain. */
const WRITTEN_COMMANDS = 100_000;
const VERIFIES = 3;
const COMMANDS = 500;
/** The room that the issue gives to ticket and audit of a command. */
const COMMAND_MS = 3;

/** A trail of many records: what it costs a command to be on it, and what reading all of it takes. */
export async function measureAudit(clock: Clock): Promise<Claim[]> {
  await using folder = await scratchFolder();
  const home = folder.path;
  const costs: Claim[] = [];
  await writeTrail(home, clock, {
    commands: WRITTEN_COMMANDS,
    meanwhile: async (store) => void costs.push(await gateCosts(store, clock)),
  });
  return [...costs, await verifyRate(home, clock)];
}

/** What the gate does for one command besides running it: the ticket, and its two records. */
async function gateCosts(store: Store, clock: Clock): Promise<Claim> {
  const gate = createGateAudit({ store, clock, stopping: new AbortController().signal });
  const key = randomBytes(32);
  const tickets: number[] = [];
  const records: number[] = [];
  for (let n = WRITTEN_COMMANDS; n < WRITTEN_COMMANDS + COMMANDS; n++) {
    tickets.push(await timed(clock, async () => passTicket(key, clock.now(), n)));
    records.push(await timed(clock, () => record(gate, n)));
  }
  return {
    claim: "ticket and audit, added to a command",
    n: COMMANDS,
    measured: median(tickets) + median(records),
    unit: "ms",
    target: ours("at most", COMMAND_MS),
    note:
      `p50: sign and verify ${median(tickets).toFixed(2)} ms, intent and result, a synced write each, ` +
      `${median(records).toFixed(2)} ms (p99 ${percentile(records, 99).toFixed(2)} ms)`,
  };
}

const planOf = (n: number): Plan => ({
  ...{ command_id: `cmd_${n}`, person_id: "person_1", person_uid_number: 1, workspace_id: "ws_1" },
  ...{
    run: { kind: "script", script: "npm test" },
    stdin: null,
    profile: "agent",
    pins: [],
    network: null,
    openings: [],
  },
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
  await gate.ended(intent.command_id, intent.person_id, end, []);
}

async function timed(clock: Clock, work: () => Promise<void>): Promise<number> {
  const from_ms = clock.monotonic();
  await work();
  return clock.monotonic() - from_ms;
}

/** As `mainstay audit verify` does it beside no server: the trail, and the executor's chain from its file. */
async function verifyRate(home: string, clock: Clock): Promise<Claim> {
  const rates: number[] = [];
  const cpu_rates: number[] = [];
  let read = 0;
  let megabytes = 0;
  for (let i = 0; i < VERIFIES; i++) {
    const before = process.cpuUsage();
    const from_ms = clock.monotonic();
    const verdict = await auditVerify({ home, head_file: null, executor: async () => null });
    const seconds = (clock.monotonic() - from_ms) / 1000;
    const { user, system } = process.cpuUsage(before);
    if (!verdict.ok || verdict.compared !== WRITTEN_COMMANDS)
      throw new Error("the trail that was just written is not whole");
    read = verdict.records;
    rates.push(read / seconds);
    cpu_rates.push(read / ((user + system) / 1e6));
    megabytes = verdict.bytes / 1_048_576;
  }
  const both = (read + 2 * WRITTEN_COMMANDS) / read;
  const told = (rate: number): string => `${Math.round(rate)}/s`;
  return {
    claim: "audit verify",
    n: read,
    measured: median(rates),
    unit: "records/s",
    target: ours("at least", 100_000),
    note:
      `median of ${VERIFIES}, ${megabytes.toFixed(0)} MB, a checkpoint every 1000 records, compared with ` +
      `the executor's chain of ${2 * WRITTEN_COMMANDS}: ${told(median(rates) * both)} of both chains; ` +
      `by processor time ${told(median(cpu_rates))} of the trail, ${told(median(cpu_rates) * both)} of both`,
  };
}
