import { NewPolicy, Policy, PolicySubject } from "@mainstay/sdk/consent";
import { listOf } from "@mainstay/sdk/resources";
import type { Policies } from "../../execution/execution.ts";
import { endpoint, type Endpoint } from "../endpoint.ts";
import { PageQuery } from "../page-query.ts";

/** `/v1/policies`: the most that commands may do, by tier, workspace and person. */
export const policyRoutes = (policies: Policies): Endpoint[] => [
  endpoint(
    {
      method: "get",
      path: "/v1/policies",
      summary: "All policies.",
      auth: "admin",
      query: PageQuery,
      responses: { 200: { description: "A page of the policies", body: listOf(Policy) } },
    },
    async ({ query }) => ({ status: 200, body: await policies.list(query) }),
  ),
  endpoint(
    {
      method: "put",
      path: "/v1/policies",
      summary: "Set a ceiling. The lowest that applies to a command counts.",
      auth: "admin",
      body: NewPolicy,
      responses: { 200: { description: "The policy", body: Policy } },
    },
    async ({ person, body }) => ({ status: 200, body: await policies.set(person, body) }),
  ),
  endpoint(
    {
      method: "delete",
      path: "/v1/policies",
      summary: "Take a policy away.",
      auth: "admin",
      query: PolicySubject,
      responses: { 204: { description: "It is gone" } },
    },
    async ({ person, query }) => {
      await policies.remove(person, query);
      return { status: 204 };
    },
  ),
];
