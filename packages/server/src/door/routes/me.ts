import { Me } from "@mainstay/sdk/resources";
import { endpoint } from "../endpoint.ts";

/** `GET /v1/me`: whose key this is. */
export const me = () =>
  endpoint(
    {
      method: "get",
      path: "/v1/me",
      summary: "Who you are",
      auth: "person",
      responses: { 200: { description: "The person of the key", body: Me } },
    },
    async ({ person: { id, name, role, tier } }) => ({
      status: 200,
      body: { id, name, role, tier },
    }),
  );
