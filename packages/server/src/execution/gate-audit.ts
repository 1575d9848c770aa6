import type { CommandEnd } from "@mainstay/executor/command";
import type { AuditRecord } from "@mainstay/sdk/audit";
import type { Clock } from "@mainstay/sdk/clock";
import type { NetworkUse } from "@mainstay/sdk/network";
import { StoreFault } from "../kernel/errors.ts";
import { auditWrite } from "../store/audit-log.ts";
import type { Batch, Guard, Statement, Store } from "../store/store.ts";
import { untilWriting } from "../store/store.ts";

type Intent = Extract<AuditRecord, { kind: "command_intent" }>;
type Refused = Extract<AuditRecord, { kind: "command_refused" }>;

/** A disk that takes writes by turns is not asked all the time. */
const AGAIN_MS = 100;

/**
 * The gate's own part of the audit trail; no tool writes any of it.
 *
 * 1. A command begins only after its intent is durable. Where that cannot be written nothing runs.
 * 2. A command has ended for nobody before its result is durable: after a crash it is recovered, and
 *    then its result is written. Where the disk takes nothing, its end waits for the disk.
 * 3. Only what was intended has a result, and one.
 */
export interface GateAudit {
  /**
   * Writes the intent with what it rests on.
   * @returns null; or why the command must not run, and then nothing was written
   */
  intend(intent: Omit<Intent, "kind">, rests_on: Required<Batch>): Promise<string | null>;
  /** `writes` are of the same batch. @throws Stopping */
  ended(
    command_id: string,
    person_id: string,
    end: CommandEnd,
    writes: readonly Statement[],
  ): Promise<void>;
  /** @throws Stopping */
  refused(refused: Omit<Refused, "kind">): Promise<void>;
}

export interface GateAuditParts {
  readonly store: Store;
  readonly clock: Clock;
  /** Aborted with `Stopping`. */
  readonly stopping: AbortSignal;
}

export function createGateAudit({ store, clock, stopping }: GateAuditParts): GateAudit {
  const write = (record: AuditRecord) => auditWrite(store, clock.now(), record);

  /** Written as soon as the disk allows it. */
  async function keep(batch: Batch): Promise<void> {
    for (;;) {
      try {
        await store.commit(batch);
        return;
      } catch (fault) {
        if (!(fault instanceof StoreFault) || fault.cause_kind === null) throw fault;
        await untilWriting(store, stopping);
        await clock.sleep(AGAIN_MS, stopping);
      }
    }
  }

  return {
    async intend(intent, { guards, writes }) {
      const record = write({ kind: "command_intent", ...intent });
      try {
        const commit = await store.commit({ guards, writes: [...writes, record] });
        if (!commit.committed) return `it rested on ${commit.guard}`;
        return commit.rows.at(-1)!.length > 0 ? null : "a command of its id is on record already";
      } catch (fault) {
        if (!(fault instanceof StoreFault)) throw fault;
        return `nothing runs that cannot be put on record: ${fault.message}`;
      }
    },
    ended(command_id, person_id, end, writes) {
      const uses = end.outcome === "exited" ? end.network : [];
      const of = { command_id, person_id };
      const recorded = uses.map((use) => write({ kind: "command_network", ...of, ...told(use) }));
      const result = write({ kind: "command_result", ...of, ...resultOf(end) });
      // A result is written once by itself; what it reached is not.
      const once = uses.length === 0 ? [] : [unended(store, command_id)];
      return keep({
        guards: [intended(store, command_id), ...once],
        writes: [...recorded, result, ...writes],
      });
    },
    refused: (refused) => keep({ writes: [write({ kind: "command_refused", ...refused })] }),
  };
}

const told = (use: NetworkUse) => ({ ...use, refused: use.refused !== null });

const unended = (store: Store, command_id: string): Guard => ({
  name: "not ended",
  expect: "none",
  query: store.sql
    .selectFrom("audit")
    .select("seq")
    .where("command_id", "=", command_id)
    .where("kind", "=", "command_result")
    .compile(),
});

const intended = (store: Store, command_id: string): Guard => ({
  name: "intended",
  expect: "some",
  query: store.sql
    .selectFrom("audit")
    .select("seq")
    .where("command_id", "=", command_id)
    .where("kind", "=", "command_intent")
    .compile(),
});

function resultOf(end: CommandEnd) {
  if (end.outcome !== "exited") return { outcome: end.outcome, ...nothingKnown };
  const { outcome, exit_code, signal, duration_ms, output_bytes, output_sha256, sandbox } = end;
  return {
    ...{ outcome, exit_code, signal, duration_ms, output_bytes, output_sha256, sandbox },
    executed_digest: end.plan_digest,
  };
}

const nothingKnown = {
  exit_code: null,
  signal: null,
  duration_ms: null,
  output_bytes: null,
  output_sha256: null,
  executed_digest: null,
  sandbox: null,
};
