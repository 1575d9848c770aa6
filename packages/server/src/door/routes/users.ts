import { NewUser, User, UserAdded } from "@mainstay/sdk/people";
import { listOf } from "@mainstay/sdk/resources";
import type { People } from "../../identity/identity.ts";
import { endpoint, type Endpoint } from "../endpoint.ts";

/** `/v1/admin/users`: the people of this server. */
export const userRoutes = (people: People): Endpoint[] => [
  endpoint(
    {
      method: "get",
      path: "/v1/admin/users",
      summary: "Everybody",
      auth: "admin",
      responses: { 200: { description: "All of them", body: listOf(User) } },
    },
    async () => ({ status: 200, body: { items: await people.list(), next: null } }),
  ),
  endpoint(
    {
      method: "post",
      path: "/v1/admin/users",
      summary: "Add a person; the answer has their key, which is shown nowhere else",
      auth: "admin",
      body: NewUser,
      responses: { 201: { description: "The person and their key", body: UserAdded } },
    },
    async ({ person, body }) => ({ status: 201, body: await people.add(body, person) }),
  ),
];
