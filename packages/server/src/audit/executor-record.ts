import {
  CHAIN_START,
  type ChainHead as Proven,
  type ChainRecord,
  followChain,
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
  started: Started | null;
  ended: Ended | null;
  /** Whether the trail has its intent, and its result: for whoever compares the two. */
  is_intended: boolean;
  is_reported: boolean;
}

/**
 * The executor's chain as far as it was read; `read` goes on from there. Its executor keeps no more than
 * some 200,000 records, of which this takes about 120 MB.
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
  let latest: { id: string | null; word: ExecutorWord | null } = { id: null, word: null };

  /** What is said of a command mostly comes one after the other. */
  function wordOn(command_id: string): ExecutorWord | null {
    if (command_id === latest.id) return latest.word;
    const word = words.get(command_id) ?? null;
    latest = { id: command_id, word };
    return word;
  }

  function wordOf(command_id: string): ExecutorWord {
    const known = wordOn(command_id);
    if (known !== null) return known;
    const word = { started: null, ended: null, is_intended: false, is_reported: false };
    words.set(command_id, word);
    latest = { id: command_id, word };
    return word;
  }

  function take(record: ChainRecord): void {
    hashes.note(record.n, record.hash);
    if (record.kind === "anchor") dropped_until = record.at;
    else if (record.kind === "started") wordOf(record.command_id).started = record;
    else if (record.kind === "ended") wordOf(record.command_id).ended = record;
  }

  /** Stops at the first record that does not follow on the one before it. */
  function follow(page: readonly ChainRecord[]): void {
    for (const record of page) {
      const next = followChain(head, record);
      if ("why" in next)
        return void faults.push(`record ${record.n} of the executor's chain: ${next.why}`);
      head = next;
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
    wordOn,
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
