import { z } from "zod";
import { endpoint } from "../endpoint.ts";

/** `GET /livez`: this process answers. */
export const livez = () =>
  endpoint(
    {
      method: "get",
      path: "/livez",
      summary: "Whether the server is alive",
      auth: "none",
      responses: {
        200: { description: "It is", body: z.object({ status: z.literal("alive") }) },
      },
    },
    async () => ({ status: 200, body: { status: "alive" } }),
  );
