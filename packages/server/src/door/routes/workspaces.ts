import { listOf, NewWorkspace, Workspace } from "@mainstay/sdk/resources";
import type { Workspaces } from "../../identity/identity.ts";
import { type Endpoint, endpoint } from "../endpoint.ts";

/** `GET /v1/workspaces`, `POST /v1/workspaces`: the folders that a person may have worked in. */
export const workspaces = (registry: Workspaces): Endpoint[] => [
  endpoint(
    {
      method: "get",
      path: "/v1/workspaces",
      summary: "Your workspaces",
      auth: "person",
      responses: { 200: { description: "All of them", body: listOf(Workspace) } },
    },
    async ({ person }) => ({
      status: 200,
      body: { items: await registry.list(person), next: null },
    }),
  ),
  endpoint(
    {
      method: "post",
      path: "/v1/workspaces",
      summary: "Register a folder of the server's host, after a proof that it is yours",
      auth: "person",
      body: NewWorkspace,
      responses: { 201: { description: "The registered folder", body: Workspace } },
    },
    async ({ person, body }) => ({ status: 201, body: await registry.register(person, body) }),
  ),
];
