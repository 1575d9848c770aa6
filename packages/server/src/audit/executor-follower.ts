import { CHAIN_START, type ChainRecord, verifyChain } from "@mainstay/executor/chain-record";
import type { ChainHead } from "@mainstay/sdk/audit-trail";
import type { Clock } from "@mainstay/sdk/clock";
import type { Log } from "../telemetry/log.ts";
import type { ReadChain } from "./executor-record.ts";
import { inTime } from "./in-time.ts";

/** An executor that is stopped must not hold up a signature. */
const ANSWER_MS = 2_000;

/** Follows the executor's chain link by link, so that a head of it can be signed with the trail's. */
export interface ExecutorFollower {
  /** Goes on from a head that was signed before. */
  resume(from: ChainHead | null): void;
  /**
   * The last link that holds; null while there is none, nobody to ask, or the chain is broken, and where
   * another chain began: only heads that are signed after the record of that speak of the new one.
   */
  head(): Promise<ChainHead | null>;
}

export interface FollowerParts {
  readonly chain: ReadChain;
  readonly clock: Pick<Clock, "after">;
  readonly log: Log;
  /** Puts on record that the chain is no more the one that ended, or passed, here. */
  readonly recordNewChain: (before: ChainHead) => Promise<unknown>;
}

export function createExecutorFollower(parts: FollowerParts): ExecutorFollower {
  const { chain, clock, log, recordNewChain } = parts;
  let head = CHAIN_START;
  let is_broken = false;

  /** From the last link on, that one included: where another chain began, it is another or none. */
  const page = (): ReturnType<ReadChain> =>
    inTime({ clock, most_ms: ANSWER_MS }, () => chain(Math.max(0, head.n - 1))).catch(() => null);

  function isOther([first]: readonly ChainRecord[]): boolean {
    if (head.n === 0) return false;
    return first === undefined || (first.n === head.n && first.hash !== head.hash);
  }

  async function beginAnew(): Promise<void> {
    const { n, hash } = head;
    log.error({ record: n }, "the executor's chain is not the one that was signed: it began anew");
    await recordNewChain({ n, hash });
    head = CHAIN_START;
  }

  function follow(records: readonly ChainRecord[]): void {
    const verdict = verifyChain(records, head);
    if (verdict.ok) head = verdict.head;
    else {
      is_broken = true;
      log.error({ record: verdict.n, why: verdict.why }, "the executor's chain is damaged");
    }
  }

  return {
    resume(from) {
      head = from === null ? CHAIN_START : { ...from, dropped: 0 };
    },
    async head() {
      while (!is_broken) {
        const records = await page();
        if (records === null) return null;
        if (isOther(records)) {
          await beginAnew();
          return null;
        }
        const { n: followed } = head;
        const news = records.filter(({ n }) => n > followed);
        if (news.length === 0) return followed === 0 ? null : { n: followed, hash: head.hash };
        follow(news);
      }
      return null;
    },
  };
}
