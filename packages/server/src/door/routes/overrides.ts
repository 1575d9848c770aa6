import { NewOverride, Override } from "@mainstay/sdk/consent";
import { listOf } from "@mainstay/sdk/resources";
import type { Overrides } from "../../execution/execution.ts";
import { endpoint, type Endpoint } from "../endpoint.ts";

/** `/v1/admin/overrides`: one blocked command, once, on an admin's word. */
export const overrideRoutes = (overrides: Overrides): Endpoint[] => [
  endpoint(
    {
      method: "get",
      path: "/v1/admin/overrides",
      summary: "Overrides: open ones first, then the latest.",
      auth: "admin",
      responses: { 200: { description: "The overrides", body: listOf(Override) } },
    },
    async () => ({ status: 200, body: { items: await overrides.list(), next: null } }),
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
];
