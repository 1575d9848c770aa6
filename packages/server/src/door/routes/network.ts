import { GrantName, NetworkGrant, NewHostGrant } from "@mainstay/sdk/network";
import { listOf } from "@mainstay/sdk/resources";
import { z } from "zod";
import type { WorkspaceNetwork } from "../../execution/execution.ts";
import { endpoint, type Endpoint } from "../endpoint.ts";

const WorkspaceId = z.strictObject({ id: z.string().max(100) });

/** `/v1/workspaces/{id}/network`: the hosts that the commands of a workspace may reach. */
export const networkRoutes = (network: WorkspaceNetwork): Endpoint[] => [
  endpoint(
    {
      method: "get",
      path: "/v1/workspaces/{id}/network",
      summary: "The hosts that commands of this workspace may reach.",
      auth: "person",
      params: WorkspaceId,
      responses: { 200: { description: "All of them", body: listOf(NetworkGrant) } },
    },
    async ({ person, params }) => ({
      status: 200,
      body: { items: await network.list(person, params.id), next: null },
    }),
  ),
  endpoint(
    {
      method: "post",
      path: "/v1/workspaces/{id}/network",
      summary: "Let commands of this workspace reach a host; `inside` is an admin's to say.",
      auth: "person",
      params: WorkspaceId,
      body: NewHostGrant,
      responses: { 201: { description: "The host as allowed", body: NetworkGrant } },
    },
    async ({ person, params, body }) => ({
      status: 201,
      body: await network.allow(person, params.id, body),
    }),
  ),
  endpoint(
    {
      method: "delete",
      path: "/v1/workspaces/{id}/network",
      summary: "From now on no command begins that may reach this host.",
      auth: "person",
      params: WorkspaceId,
      query: GrantName,
      responses: { 204: { description: "It is gone" } },
    },
    async ({ person, params, query }) => {
      await network.forbid(person, params.id, query);
      return { status: 204 };
    },
  ),
];
