import { isCutShort } from "@mainstay/executor/chain-record";
import type { AuditRecord } from "@mainstay/sdk/audit";
import type { AuditHead } from "@mainstay/sdk/audit-trail";
import type { TrailRow } from "./chain-walk.ts";
import type { ExecutorRecord, ExecutorWord } from "./executor-record.ts";
import type { AuditFault } from "./trail-judge.ts";

/** Results that wait for another look at an executor that is at work; more are not judged. */
const LATE = 10_000;

type Intent = Extract<AuditRecord, { kind: "command_intent" }>;
type Result = Extract<AuditRecord, { kind: "command_result" }>;

/** What comparing the trail with the executor's own chain came to. */
export interface Compared {
  readonly faults: readonly AuditFault[];
  /** Commands that stand in both. */
  readonly commands: number;
  /** Commands that ended, as the executor says, and whose result is not on the trail yet. */
  readonly without_result: number;
}

/**
 * Compares the trail with what the executor kept by itself, which was read before the trail was: every
 * command that it started has an intent that agreed to just that, and every result is the executor's. A
 * command that is under way is no fault, nor is one that the executor has dropped with age.
 */
export interface Comparison {
  /** Every record of the trail, in its order. */
  record(row: TrailRow): void;
  /** Every head that somebody signed: what it saw of the executor's chain must still be there. */
  head(name: string, head: AuditHead): void;
  /** Looks once more at the executor, for what began meanwhile. */
  end(): Promise<Compared>;
}

export function createComparison(executor: ExecutorRecord): Comparison {
  const faults: AuditFault[] = [];
  const intended = new Set<string>();
  const ended = new Set<string>();
  const late: { readonly seq: number; readonly at: number; readonly result: Result }[] = [];
  const known = [...executor.started()];
  const whole = executor.head();

  const found = (seq: number | null, fault: string): void => void faults.push({ seq, fault });

  function intent(seq: number, record: Intent): void {
    const started = executor.wordOn(record.command_id)?.started;
    if (!started) return;
    intended.add(record.command_id);
    if (started.plan_digest !== record.planned_digest)
      found(seq, `the executor started another plan for ${record.command_id}`);
    if (started.consent_kind !== record.consent)
      found(
        seq,
        `the executor was told of consent by ${started.consent_kind}, not ${record.consent}`,
      );
  }

  function result({ seq, at }: TrailRow, record: Result): void {
    ended.add(record.command_id);
    const word = executor.wordOn(record.command_id);
    if (word?.ended) compare(seq, record, word);
    else if (record.outcome === "exited" && late.length < LATE)
      late.push({ seq, at, result: record });
  }

  function compare(seq: number, record: Result, word: ExecutorWord): void {
    const difference = differenceOf(record, word);
    if (difference !== null) found(seq, `${record.command_id}: ${difference}`);
  }

  /** Of a command that ran, the executor knows; unless that was so long ago that it dropped it. */
  function lateResult({ seq, at, result: record }: (typeof late)[number]): void {
    const word = executor.wordOn(record.command_id);
    if (word?.ended) return compare(seq, record, word);
    if (at <= (executor.droppedUntil() ?? Number.NEGATIVE_INFINITY)) return;
    found(seq, `the executor knows nothing of ${record.command_id}, which ran by this record`);
  }

  return {
    record(row) {
      const of = commandOf(row.body);
      if (of === null || (of.is_intent && executor.wordOn(of.command_id) === null)) return;
      const record = commandRecordOf(row.body);
      if (record?.kind === "command_intent") intent(row.seq, record);
      else if (record?.kind === "command_result") result(row, record);
    },
    head(name, { executor: seen }) {
      if (seen === null || seen.n <= executor.head().dropped) return;
      const hash = executor.hashOf(seen.n);
      if (hash === null)
        found(null, `the executor's chain ends at record ${whole.n}, but ${name} saw ${seen.n}`);
      else if (hash !== seen.hash)
        found(null, `record ${seen.n} of the executor's chain is not the one that ${name} saw`);
    },
    async end() {
      await executor.read();
      late.forEach(lateResult);
      for (const id of known.filter((command_id) => !intended.has(command_id)))
        found(null, `the executor started ${id}, and the trail has no intent for it`);
      for (const fault of executor.faults) found(null, fault);
      if (isCutShort(executor.head())) found(null, "records of the executor's chain were cut off");
      const open = known.filter((id) => executor.wordOn(id)?.ended && !ended.has(id));
      return { faults, commands: intended.size, without_result: open.length };
    },
  };
}

/** A record begins with these two; most need no parsing to know that there is nothing to compare. */
const BEGINNING = /^\{"kind":"command_(intent|result)","command_id":"([^"\\]*)"/;

function commandOf(body: string): { is_intent: boolean; command_id: string } | null {
  const found = BEGINNING.exec(body);
  return found === null ? null : { is_intent: found[1] === "intent", command_id: found[2]! };
}

function commandRecordOf(body: string): Intent | Result | null {
  try {
    return JSON.parse(body) as Intent | Result;
  } catch {
    return null;
  }
}

function differenceOf(result: Result, { started, ended }: ExecutorWord): string | null {
  if (ended === null) return null;
  if (started === null) return "it ended in the executor without having started";
  if (result.outcome !== ended.outcome) return differs("outcome", result.outcome, ended.outcome);
  if (ended.outcome !== "exited") return null;
  if (result.exit_code !== ended.exit_code)
    return differs("exit code", result.exit_code, ended.exit_code);
  if (result.output_sha256 !== ended.output_sha256)
    return differs("hash of its output", result.output_sha256, ended.output_sha256);
  if (result.executed_digest !== ended.plan_digest)
    return differs("digest of what ran", result.executed_digest, ended.plan_digest);
  return null;
}

const differs = (what: string, here: unknown, there: unknown): string =>
  `its ${what} is ${String(here)} on the trail and ${String(there)} in the executor's chain`;
