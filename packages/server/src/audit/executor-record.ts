import {
  CHAIN_START,
  type ChainHead as Proven,
  type ChainRecord,
  verifyChain,
} from "@mainstay/executor/chain-record";
import { LedgerUnreadable } from "@mainstay/executor/errors";
import { createChainHashes } from "./chain-hashes.ts";

/**
 * A page of the executor's chain after a number, in its order; null where nobody can read it now.
 *
 * @throws LedgerUnreadable where what has it is damaged
 */
export type ReadChain = (after: number) => Promise<ChainRecord[] | null>;

type Started = Extract<ChainRecord, { kind: "started" }>;
type Ended = Extract<ChainRecord, { kind: "ended" }>;

/** What the executor's chain has of one command. */
export interface ExecutorWord {
  started: (Pick<Started, "plan_digest" | "consent_kind"> & { readonly n: number }) | null;
  ended: Pick<Ended, "plan_digest" | "outcome" | "exit_code" | "output_sha256"> | null;
}

/**
 * The executor's chain as far as it was read; `read` goes on from there. Its executor keeps no more than
 * some 200,000 records, of which this takes about 40 MB.
 */
export interface ExecutorRecord {
  /** What is wrong with the chain, in words. Nothing is read of it behind that. */
  readonly faults: readonly string[];
  /** The last record that was read. */
  head(): Proven;
  /** Wall time of the newest record that was dropped with age; null where none was. */
  droppedUntil(): number | null;
  hashOf(n: number): string | null;
  wordOn(command_id: string): ExecutorWord | null;
  words(): Iterable<readonly [command_id: string, ExecutorWord]>;
  /** Whether it was read to its end: false where nobody can read the chain now, or where it is damaged. */
  read(): Promise<boolean>;
}

export function createExecutorRecord(chain: ReadChain): ExecutorRecord {
  const words = new Map<string, ExecutorWord>();
  const hashes = createChainHashes();
  const faults: string[] = [];
  let head = CHAIN_START;
  let dropped_until: number | null = null;

  function wordOf(command_id: string): ExecutorWord {
    const known = words.get(command_id);
    if (known !== undefined) return known;
    const word = { started: null, ended: null };
    words.set(kept(command_id), word);
    return word;
  }

  function take(record: ChainRecord): void {
    hashes.note(record.n, record.hash);
    if (record.kind === "anchor") dropped_until = record.at;
    else if (record.kind === "started") {
      const { n, consent_kind, plan_digest } = record;
      wordOf(record.command_id).started = { n, consent_kind, plan_digest: kept(plan_digest) };
    } else if (record.kind === "ended") {
      const word = wordOf(record.command_id);
      word.ended = endOf(record, word.started?.plan_digest ?? null);
    }
  }

  /** Stops at the first record that does not follow on the one before it. */
  function follow(page: readonly ChainRecord[]): void {
    for (const record of page) {
      const verdict = verifyChain([record], head);
      if (!verdict.ok)
        return void faults.push(`record ${verdict.n} of the executor's chain: ${verdict.why}`);
      head = verdict.head;
      take(record);
    }
  }

  async function nextPage(): Promise<ChainRecord[] | null> {
    try {
      return await chain(head.n);
    } catch (fault) {
      if (!(fault instanceof LedgerUnreadable)) throw fault;
      faults.push(fault.message);
      return null;
    }
  }

  return {
    faults,
    head: () => head,
    droppedUntil: () => dropped_until,
    hashOf: hashes.of,
    wordOn: (command_id) => words.get(command_id) ?? null,
    words: () => words,
    async read() {
      while (faults.length === 0) {
        const page = await nextPage();
        if (page === null) return false;
        if (page.length === 0) return true;
        follow(page);
      }
      return false;
    },
  };
}

/** A copy: V8 cuts a piece of a text as a view, which would keep the whole text. */
const kept = (text: string): string => Buffer.from(text, "latin1").toString("latin1");

function endOf(record: Ended, started_digest: string | null): ExecutorWord["ended"] {
  const { outcome, exit_code, plan_digest, output_sha256 } = record;
  return {
    ...{ outcome, exit_code },
    plan_digest: plan_digest === started_digest ? started_digest : plan_digest && kept(plan_digest),
    output_sha256: output_sha256 && kept(output_sha256),
  };
}
