import type { Clock } from "@mainstay/sdk/clock";
import { UsageFilter, type UsageItem, UsageReport } from "@mainstay/sdk/usage";
import { z } from "zod";
import type { People, Person } from "../../identity/identity.ts";
import { Refusal } from "../../kernel/errors.ts";
import { dayOf, timeOf } from "../../kernel/time.ts";
import type { Store } from "../../store/store.ts";
import {
  type UsageGroup,
  usageGroups,
  type UsageScope,
  usageTotal,
} from "../../store/usage-report.ts";
import { endpoint } from "../endpoint.ts";
import { PageQuery } from "../page-query.ts";

const UsageQuery = UsageFilter.extend(PageQuery.shape);
type UsageQuery = z.infer<typeof UsageQuery>;

const DAY_MS = 86_400_000;
const DAYS = 30;

export interface UsageRouteParts {
  readonly store: Store;
  readonly people: Pick<People, "named">;
  readonly clock: Clock;
}

/** `GET /v1/usage`: what models took, and what it cost. */
export const usageRoute = ({ store, people, clock }: UsageRouteParts) =>
  endpoint(
    {
      method: "get",
      path: "/v1/usage",
      summary: "What models took for you, and what it cost; for an admin, for everybody.",
      auth: "person",
      query: UsageQuery,
      responses: { 200: { description: "A page, and the total of all", body: UsageReport } },
    },
    async ({ person, query }) => {
      const { by = ["day", "provider", "model"], after, limit } = query;
      const days = daysOf(query, clock.now());
      const scope: UsageScope = { ...days, person_id: await personOf(person, query, people) };
      const [{ items, next }, total] = await Promise.all([
        usageGroups(store, scope, by, { after, limit }),
        usageTotal(store, scope),
      ]);
      return { status: 200, body: { items: items.map(itemOf), next, ...days, total } };
    },
  );

/** Members are told of themselves alone, whatever they ask for. */
async function personOf(
  { id, role }: Person,
  { person: name }: UsageQuery,
  people: Pick<People, "named">,
): Promise<string | null> {
  if (role === "admin") return name === undefined ? null : (await people.named(name)).id;
  if (name === undefined) return id;
  const detail = "Only an admin may ask for a person's usage; yours is told without a name.";
  throw new Refusal("forbidden", detail);
}

/** @throws Refusal `invalid_request` */
function daysOf({ from, to, days }: UsageQuery, now_ms: number): Pick<UsageScope, "from" | "to"> {
  if (from !== undefined && days !== undefined)
    throw new Refusal("invalid_request", "`from` and `days` both say where it begins; give one.");
  const last = to ?? dayOf(now_ms);
  const first = from ?? dayOf(timeOf(last) - ((days ?? DAYS) - 1) * DAY_MS);
  if (first > last)
    throw new Refusal("invalid_request", `\`from\` (${first}) is after \`to\` (${last}).`);
  return { from: first, to: last };
}

const itemOf = (group: UsageGroup): UsageItem => ({
  day: null,
  person: null,
  provider: null,
  credential: null,
  model: null,
  ...group,
});
