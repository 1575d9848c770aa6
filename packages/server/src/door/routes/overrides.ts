import { NewOverride, Override } from "@mainstay/sdk/consent";
import { listOf } from "@mainstay/sdk/resources";
import { z } from "zod";
import type { Overrides } from "../../execution/execution.ts";
import { endpoint, type Endpoint } from "../endpoint.ts";
import { PageQuery } from "../page-query.ts";

const OverrideId = z.strictObject({ id: z.string().max(100) });

/** `/v1/admin/overrides`: one blocked command, once, on an admin's word. */
export const overrideRoutes = (overrides: Overrides): Endpoint[] => [
  endpoint(
    {
      method: "get",
      path: "/v1/admin/overrides",
      summary: "Overrides: open ones first, then the latest.",
      auth: "admin",
      query: PageQuery,
      responses: { 200: { description: "A page of the overrides", body: listOf(Override) } },
    },
    async ({ query }) => ({ status: 200, body: await overrides.list(query) }),
  ),
  endpoint(
    {
      method: "post",
      path: "/v1/admin/overrides",
      summary:
        "Let exactly this blocked command run once, within an hour, when it is asked for again.",
      auth: "admin",
      body: NewOverride,
      responses: { 201: { description: "The override", body: Override } },
    },
    async ({ person, body }) => ({ status: 201, body: await overrides.grant(person, body) }),
  ),
  endpoint(
    {
      method: "delete",
      path: "/v1/admin/overrides/{id}",
      summary: "Withdraw an override that nothing has used.",
      auth: "admin",
      params: OverrideId,
      responses: { 200: { description: "The override, which has expired", body: Override } },
    },
    async ({ person, params }) => ({
      status: 200,
      body: await overrides.withdraw(person, params.id),
    }),
  ),
];
