import {
  CHAIN_START,
  type ChainHead as Proven,
  type ChainRecord,
  verifyChain,
} from "@mainstay/executor/chain-record";

/** A page of the executor's chain after a number, in its order; null where nobody can read it now. */
export type ReadChain = (after: number) => Promise<ChainRecord[] | null>;

type Started = Extract<ChainRecord, { kind: "started" }>;
type Ended = Extract<ChainRecord, { kind: "ended" }>;

/** What the executor's chain has of one command. */
export interface ExecutorWord {
  readonly started: Started | null;
  readonly ended: Ended | null;
}

/** The executor's chain as far as it was read; `read` goes on from there. */
export interface ExecutorRecord {
  /** What is wrong with the chain, in words. */
  readonly faults: readonly string[];
  /** The last record that was read. */
  head(): Proven;
  /** Wall time of the newest record that was dropped with age; null where none was. */
  droppedUntil(): number | null;
  hashOf(n: number): string | null;
  wordOn(command_id: string): ExecutorWord | null;
  /** Ids of the commands that it started. */
  started(): Iterable<string>;
  /** False where nobody can read the chain now. */
  read(): Promise<boolean>;
}

export function createExecutorRecord(chain: ReadChain): ExecutorRecord {
  const words = new Map<string, ExecutorWord>();
  const hashes = new Map<number, string>();
  const faults: string[] = [];
  let head = CHAIN_START;
  let dropped_until: number | null = null;

  function take(record: ChainRecord): void {
    hashes.set(record.n, record.hash);
    if (record.kind === "anchor") dropped_until = record.at;
    if (record.kind !== "started" && record.kind !== "ended") return;
    const word = words.get(record.command_id) ?? { started: null, ended: null };
    words.set(record.command_id, { ...word, [record.kind]: record });
  }

  return {
    faults,
    head: () => head,
    droppedUntil: () => dropped_until,
    hashOf: (n) => hashes.get(n) ?? null,
    wordOn: (command_id) => words.get(command_id) ?? null,
    started: () => [...words].filter(([, { started }]) => started !== null).map(([id]) => id),
    async read() {
      while (faults.length === 0) {
        const page = await chain(head.n);
        if (page === null) return false;
        if (page.length === 0) return true;
        const verdict = verifyChain(page, head);
        page.forEach(take);
        if (verdict.ok) head = verdict.head;
        else faults.push(`record ${verdict.n} of the executor's chain: ${verdict.why}`);
      }
      return true;
    },
  };
}
