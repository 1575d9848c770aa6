import type { UsageDimension, UsageSums } from "@mainstay/sdk/usage";
import { type RawBuilder, sql } from "kysely";
import { type Page, pageOf, type PageWish } from "./page.ts";
import type { Store } from "./store.ts";

/** Whose usage, and of which days (UTC, both ends included). */
export interface UsageScope {
  readonly from: string;
  readonly to: string;
  /** Null: everybody's. */
  readonly person_id: string | null;
}

/** The sums of one group, and what it is a group of. */
export type UsageGroup = UsageSums & { readonly [D in UsageDimension]?: string };

const columns: Record<UsageDimension, RawBuilder<string>> = {
  day: sql.ref("usage.day"),
  person: sql.ref("person.name"),
  provider: sql.ref("usage.provider"),
  credential: sql.ref("usage.credential"),
  model: sql.ref("usage.model"),
};

/** What was taken, summed for each combination of `by`, at least one, that there is, in their order. */
export async function usageGroups(
  store: Store,
  scope: UsageScope,
  by: readonly UsageDimension[],
  page: PageWish,
): Promise<Page<UsageGroup>> {
  const groups = sumsIn(store, scope)
    .innerJoin("person", "person.id", "usage.person_id")
    .select(by.map((dimension) => columns[dimension].as(dimension)))
    .groupBy(by.map((dimension) => columns[dimension]))
    .$castTo<UsageGroup>();
  const order = {
    direction: "asc",
    columns: by.map((dimension) => columns[dimension]),
    keysOf: (group: UsageGroup) => by.map((dimension) => group[dimension] ?? ""),
  } as const;
  return await pageOf(store, groups, order, page);
}

export async function usageTotal(store: Store, scope: UsageScope): Promise<UsageSums> {
  const [total] = await store.query(sumsIn(store, scope));
  return total!;
}

function sumsIn(store: Store, { from, to, person_id }: UsageScope) {
  const within = store.sql
    .selectFrom("usage")
    .where("usage.day", ">=", from)
    .where("usage.day", "<=", to)
    .select([
      sum("requests").as("requests"),
      sum("input_tokens").as("input_tokens"),
      sum("output_tokens").as("output_tokens"),
      sum("cost_micro_usd").as("cost_micro_usd"),
      sum("estimated_requests").as("estimated_requests"),
      sum("unpriced_requests").as("unpriced_requests"),
    ]);
  return person_id === null ? within : within.where("usage.person_id", "=", person_id);
}

/** Of no rows it is nothing, not null. */
const sum = (column: keyof UsageSums): RawBuilder<number> =>
  sql`coalesce(sum(${sql.ref(`usage.${column}`)}), 0)`;
