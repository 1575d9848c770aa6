import type { ExecutorLink } from "@mainstay/executor/launch";
import type { Clock } from "@mainstay/sdk/clock";
import { messageOf, Refusal, Stopping } from "../kernel/errors.ts";
import { unlessLate } from "./abort.ts";
import type { ExecutorKeeper } from "./executor-link.ts";

/** Starting an executor takes a fraction of it; who asks is not left waiting for longer. */
const ANSWER_MS = 5_000;

/**
 * Asks the executor, which is started where there is none. What it is asked to do may come to pass
 * after a refusal, too. @throws Refusal `executor_unavailable`, Stopping
 */
export type AskExecutor = <T>(ask: (link: ExecutorLink) => Promise<T>) => Promise<T>;

export interface AskExecutorParts {
  readonly keeper: Pick<ExecutorKeeper, "link">;
  readonly clock: Clock;
}

export function createAskExecutor({ keeper, clock }: AskExecutorParts): AskExecutor {
  return async (ask) => {
    try {
      return await unlessLate(keeper.link(() => undefined).then(ask), ANSWER_MS, clock);
    } catch (fault) {
      if (fault instanceof Stopping) throw fault;
      throw unavailable(fault);
    }
  };
}

const unavailable = (fault: unknown) =>
  new Refusal(
    "executor_unavailable",
    `The executor, which has the commands, cannot be asked right now: ${messageOf(fault)}.`,
    { retry_after_s: 2 },
  );
