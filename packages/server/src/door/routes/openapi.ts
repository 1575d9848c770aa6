import { z } from "zod";
import { type Endpoint, endpoint } from "../endpoint.ts";
import { openApiOf } from "../openapi.ts";

/** `GET /openapi.json`: all calls of `endpoints`, this one included, as they are when it is asked. */
export function openapi(endpoints: readonly Endpoint[], version: string): Endpoint {
  return endpoint(
    {
      method: "get",
      path: "/openapi.json",
      summary: "This description of the API",
      auth: "none",
      responses: {
        200: { description: "An OpenAPI 3.1 document", body: z.record(z.string(), z.unknown()) },
      },
    },
    async () => ({ status: 200, body: openApiOf(endpoints, version) }),
  );
}
