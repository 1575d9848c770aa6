import type { Bill } from "../kernel/model.ts";
import { dayOf } from "../kernel/time.ts";
import { prepared } from "./prepared.ts";
import type { Row } from "./schema.ts";
import type { Statement, Store } from "./store.ts";

/** An attempt that took something, and of whom. */
export interface Billed {
  readonly provider: string;
  readonly model: string;
  readonly bill: Bill;
}

/**
 * Adds an attempt to what its person took that day (UTC). The write goes with the event that ends the
 * attempt, in the same batch: nothing is billed twice or not at all. `at` is wall time in milliseconds.
 */
export function billWrites(
  store: Store,
  { person_id, at, provider, model, bill }: Billed & { person_id: string; at: number },
): Statement[] {
  const { credential, usage, estimated, cost_micro_usd } = bill;
  const sums = {
    ...{ requests: 1, ...usage, cost_micro_usd: cost_micro_usd ?? 0 },
    estimated_requests: Number(estimated),
    unpriced_requests: Number(cost_micro_usd === null),
  };
  return [addUsage(store, { day: dayOf(at), person_id, provider, credential, model, ...sums })];
}

const addUsage = prepared<Row<"usage">>((sql, slot) =>
  sql
    .insertInto("usage")
    .values({
      day: slot("day"),
      person_id: slot("person_id"),
      provider: slot("provider"),
      credential: slot("credential"),
      model: slot("model"),
      requests: slot("requests"),
      input_tokens: slot("input_tokens"),
      output_tokens: slot("output_tokens"),
      cost_micro_usd: slot("cost_micro_usd"),
      estimated_requests: slot("estimated_requests"),
      unpriced_requests: slot("unpriced_requests"),
    })
    .onConflict((known) =>
      known.columns(["day", "person_id", "provider", "credential", "model"]).doUpdateSet((of) => ({
        requests: of("usage.requests", "+", of.ref("excluded.requests")),
        input_tokens: of("usage.input_tokens", "+", of.ref("excluded.input_tokens")),
        output_tokens: of("usage.output_tokens", "+", of.ref("excluded.output_tokens")),
        cost_micro_usd: of("usage.cost_micro_usd", "+", of.ref("excluded.cost_micro_usd")),
        estimated_requests: of(
          "usage.estimated_requests",
          "+",
          of.ref("excluded.estimated_requests"),
        ),
        unpriced_requests: of("usage.unpriced_requests", "+", of.ref("excluded.unpriced_requests")),
      })),
    ),
);
