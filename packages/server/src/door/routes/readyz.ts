import { Level, Readiness } from "@mainstay/sdk/resources";
import { z } from "zod";
import type { Health } from "../../health/health.ts";
import { Refusal } from "../../kernel/errors.ts";
import type { AnswerParts } from "../answer.ts";
import { endpoint } from "../endpoint.ts";

const Verdict = z.object({ ready: z.boolean(), level: Level });
const Answer = z.union([Readiness, Verdict]);

/** `GET /readyz`: the verdict for anyone, `?verbose` for people with a key: it names what is set up. */
export const readyz = (health: Health, authenticate: AnswerParts["authenticate"]) =>
  endpoint(
    {
      method: "get",
      path: "/readyz",
      summary: "Whether the server can do its work; with `verbose` and a key, what it checked",
      auth: "none",
      query: z.object({ verbose: z.string().optional() }),
      headers: z.object({ authorization: z.string().optional() }),
      responses: {
        200: { description: "It can", body: Answer },
        503: { description: "It cannot now", body: Answer },
      },
    },
    async ({ query, headers }) => {
      const isVerbose = query.verbose !== undefined;
      if (isVerbose && (await authenticate(headers.authorization)) === null) {
        throw new Refusal("unauthenticated", "The details need a valid key; leave out `verbose`.");
      }
      const body = isVerbose ? await health.readiness() : await health.verdict();
      return { status: body.ready ? 200 : 503, body };
    },
  );
