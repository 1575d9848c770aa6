import { isCutShort } from "@mainstay/executor/chain-record";
import type { AuditHead, ChainHead } from "@mainstay/sdk/audit-trail";
import type { TrailRow } from "./chain-walk.ts";
import { type CommandRecord, commandRecordOf } from "./command-record.ts";
import type { ExecutorRecord, ExecutorWord } from "./executor-record.ts";
import type { AuditFault } from "./trail-judge.ts";

/** Results that wait for another look at an executor that is at work; more are not judged. */
const LATE = 10_000;

type Of<Kind extends CommandRecord["kind"]> = Extract<CommandRecord, { kind: Kind }>;
type Intent = Of<"command_intent">;
type Result = Of<"command_result">;

/** What comparing the trail with the executor's own chain came to. */
export interface Compared {
  readonly faults: readonly AuditFault[];
  /** Commands that stand in both. */
  readonly commands: number;
  /** Commands that ended, as the executor says, and whose result is not on the trail yet. */
  readonly without_result: number;
  /** Results and heads that only a second look could have judged, when the executor was away. */
  readonly unheard: number;
  /** Record of the trail from which on the chain is compared, having been begun anew there. */
  readonly began: number | null;
}

/**
 * Compares the trail with what the executor kept by itself, which was read before the trail was: every
 * command that it started has an intent that agreed to just that, and every result is the executor's. A
 * command that is under way is no fault, nor is one that the executor has dropped with age, or forgot
 * when its chain was begun anew.
 *
 * What the executor did meanwhile may be on the trail already: what it does not know of at the first
 * look is judged at the second.
 */
export interface Comparison {
  /** Every record of the trail, in its order. */
  record(row: TrailRow): void;
  /** Every head that somebody signed: what it saw of the executor's chain must still be there. */
  head(name: string, head: AuditHead): void;
  /** Looks once more at the executor, for what began meanwhile. */
  end(): Promise<Compared>;
}

interface Late {
  readonly seq: number;
  readonly at: number;
  readonly result: Result;
}

interface Sight {
  readonly name: string;
  /** How far the trail was. */
  readonly seq: number;
  readonly seen: ChainHead;
}

export function createComparison(executor: ExecutorRecord): Comparison {
  const faults: AuditFault[] = [];
  let commands = 0;
  const known = executor.head().n;
  let late: Late[] = [];
  const sights: Sight[] = [];
  let began: number | null = null;

  const found = (seq: number | null, fault: string): void => void faults.push({ seq, fault });

  function intent(seq: number, record: Intent): void {
    const word = executor.wordOn(record.command_id);
    if (!word?.started) return;
    if (!word.is_intended) commands++;
    word.is_intended = true;
    if (word.started.plan_digest !== record.planned_digest)
      found(seq, `the executor started another plan for ${record.command_id}`);
    const { consent_kind } = word.started;
    if (consent_kind !== record.consent)
      found(seq, `the executor was told of consent by ${consent_kind}, not ${record.consent}`);
  }

  function result({ seq, at }: TrailRow, record: Result): void {
    const word = executor.wordOn(record.command_id);
    if (word !== null) word.is_reported = true;
    if (word?.ended) compare(seq, record, word);
    else if (record.outcome === "exited" && !wasDropped(at) && late.length < LATE)
      late.push({ seq, at, result: record });
  }

  function compare(seq: number, record: Result, word: ExecutorWord): void {
    const difference = differenceOf(record, word);
    if (difference !== null) found(seq, `${record.command_id}: ${difference}`);
  }

  const wasDropped = (at: number): boolean =>
    at <= (executor.droppedUntil() ?? Number.NEGATIVE_INFINITY);

  /** Of a command that ran, the executor knows; unless that was so long ago that it dropped it. */
  function lateResult({ seq, at, result: record }: Late, is_read: boolean): "unheard" | "judged" {
    const word = executor.wordOn(record.command_id);
    if (word !== null) word.is_reported = true;
    if (word?.ended) compare(seq, record, word);
    else if (!is_read) return "unheard";
    else if (!wasDropped(at))
      found(seq, `the executor knows nothing of ${record.command_id}, which ran by this record`);
    return "judged";
  }

  function sight({ name, seen }: Sight, is_read: boolean): "unheard" | "judged" {
    const { n: last, dropped } = executor.head();
    const hash = executor.hashOf(seen.n);
    if (seen.n <= dropped || hash === seen.hash) return "judged";
    if (hash !== null)
      found(null, `record ${seen.n} of the executor's chain is not the one that ${name} saw`);
    else if (!is_read) return "unheard";
    else found(null, `the executor's chain ends at record ${last}, but ${name} saw ${seen.n}`);
    return "judged";
  }

  /** What was before that is in the chain that is gone. */
  function beginAnew(seq: number): void {
    began = seq;
    late = [];
  }

  function openCommands(): number {
    let without_result = 0;
    for (const [id, word] of executor.words()) {
      if (word.started === null || word.started.n > known) continue;
      if (!word.is_intended)
        found(null, `the executor started ${id}, and the trail has no intent for it`);
      if (word.ended !== null && !word.is_reported) without_result++;
    }
    return without_result;
  }

  return {
    record(row) {
      const record = commandRecordOf(row.body);
      if (record === null) return;
      if (record.kind === "command_intent") intent(row.seq, record);
      else if (record.kind === "command_result") result(row, record);
      else if (record.kind === "executor_chain_began") beginAnew(row.seq);
      else found(row.seq, "it says of a command what no record of one does");
    },
    head(name, { seq, executor: seen }) {
      if (seen !== null) sights.push({ name, seq, seen });
    },
    async end() {
      const is_read = await executor.read();
      const speaking = sights.filter(({ seq }) => seq >= (began ?? 0));
      const judged = [
        ...late.map((one) => lateResult(one, is_read)),
        ...speaking.map((one) => sight(one, is_read)),
      ];
      const without_result = openCommands();
      for (const fault of executor.faults) found(null, fault);
      if (isCutShort(executor.head())) found(null, "records of the executor's chain were cut off");
      const unheard = judged.filter((word) => word === "unheard").length;
      return { faults, commands, without_result, unheard, began };
    },
  };
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
