import { CHAIN_START, verifyChain } from "@mainstay/executor/chain-record";
import type { ChainHead } from "@mainstay/sdk/audit-trail";
import type { Clock } from "@mainstay/sdk/clock";
import type { Log } from "../telemetry/log.ts";
import type { ReadChain } from "./executor-record.ts";

/** An executor that is stopped must not hold up a signature. */
const ANSWER_MS = 2_000;

/** Follows the executor's chain link by link, so that a head of it can be signed with the trail's. */
export interface ExecutorFollower {
  /** Goes on from a head that was signed before. */
  resume(from: ChainHead | null): void;
  /** The last link that holds; null while there is none, nobody to ask, or the chain is broken. */
  head(): Promise<ChainHead | null>;
}

export interface FollowerParts {
  readonly chain: ReadChain;
  readonly clock: Pick<Clock, "after">;
  readonly log: Log;
}

export function createExecutorFollower({ chain, clock, log }: FollowerParts): ExecutorFollower {
  let head = CHAIN_START;
  let is_broken = false;

  async function page(): ReturnType<ReadChain> {
    const answer = Promise.withResolvers<Awaited<ReturnType<ReadChain>>>();
    const disarm = clock.after(ANSWER_MS, () => answer.resolve(null));
    chain(head.n).then(answer.resolve, () => answer.resolve(null));
    return await answer.promise.finally(disarm);
  }

  return {
    resume(from) {
      head = from === null ? CHAIN_START : { ...from, dropped: 0 };
    },
    async head() {
      while (!is_broken) {
        const records = await page();
        if (records === null) return null;
        if (records.length === 0) return head.n === 0 ? null : { n: head.n, hash: head.hash };
        const verdict = verifyChain(records, head);
        if (verdict.ok) head = verdict.head;
        else {
          is_broken = true;
          log.error({ record: verdict.n, why: verdict.why }, "the executor's chain is damaged");
        }
      }
      return null;
    },
  };
}
