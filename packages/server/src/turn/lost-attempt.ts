import type { BodyOf } from "@mainstay/sdk/events";
import type { Usage } from "@mainstay/sdk/turn";
import type { OpenAttempt } from "../store/step-record.ts";
import type { Billed } from "../store/usage-writes.ts";

/** What usage of a model costs, in millionths of a US dollar; null where it has no price. */
export type CostOf = (of: { provider: string; model: string }, usage: Usage) => number | null;

export interface WrittenOff {
  readonly event: BodyOf<"attempt_failed">;
  /** Null where the journal does not say what was asked: it is older. */
  readonly billed: Billed | null;
}

/**
 * The end of an attempt that nobody saw end. Its provider had the whole request; how much of the answer
 * it made nobody knows, so that none is billed.
 */
export function writtenOff(step: number, lost: OpenAttempt, costOf: CostOf): WrittenOff {
  const { attempt, provider, model, bill } = lost;
  const message = "the server stopped before the answer was there";
  const failed: BodyOf<"attempt_failed"> = {
    ...{ type: "attempt_failed", step, attempt, provider, model },
    ...{ code: "interrupted", message },
  };
  if (bill === null) return { event: failed, billed: null };
  const { credential, input_tokens } = bill;
  const usage = { input_tokens, output_tokens: 0 };
  const cost_micro_usd = costOf({ provider, model }, usage);
  return {
    event: { ...failed, usage, estimated: true },
    billed: { provider, model, bill: { credential, usage, estimated: true, cost_micro_usd } },
  };
}
