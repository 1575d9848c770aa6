import type { IncomingMessage, ServerResponse } from "node:http";
import type { z } from "zod";
import type { Person } from "../identity/identity.ts";
import { Refusal } from "../kernel/errors.ts";
import { readJson } from "./body.ts";
import type { Answer, Auth, Connection, Endpoint, Responses } from "./endpoint.ts";
import { faultsOf, type Part, sentenceOf } from "./faults.ts";
import { refusalOf, type ReportFault } from "./problems.ts";

/** The sockets behind a request; undefined where the door is asked within the process. */
export type Wire =
  | { over: "tcp" | "local"; incoming: IncomingMessage; outgoing: ServerResponse }
  | undefined;

export interface AnswerParts {
  authenticate(authorization: string | undefined): Promise<Person | null>;
  readonly report: ReportFault;
  /** Aborted with `Stopping` when the server stops. */
  readonly stopping: AbortSignal;
}

/**
 * Takes one request through *who → what → do*. Strangers are turned away before anything of theirs
 * is read.
 *
 * @throws Refusal for what does not pass, and what the handler throws
 */
export async function answer(
  endpoint: Endpoint,
  request: Request,
  path_params: Record<string, string>,
  wire: Wire,
  parts: AnswerParts,
): Promise<Response> {
  const person = await admit(endpoint.auth, request, parts);
  const params = checked("path", endpoint.params, path_params);
  const query = checked("query string", endpoint.query, queryOf(request));
  const headers = checked("headers", endpoint.headers, Object.fromEntries(request.headers));
  const body = endpoint.body && checked("body", endpoint.body, await bodyOf(request, wire));
  const connection = connectionOf(request, wire, parts);
  const response = reply(
    await endpoint.handle({ person, params, query, headers, body, connection }),
  );
  // Nobody reads the body of a HEAD: a stream must not wait for it.
  if (request.method === "HEAD") await response.body?.cancel();
  return response;
}

/** The person whose key came with the request; null where the endpoint needs none. */
async function admit(auth: Auth, request: Request, parts: AnswerParts): Promise<Person> {
  // An endpoint without auth is typed so that its handler sees null.
  if (auth === "none") return null as unknown as Person;
  const person = await parts.authenticate(request.headers.get("authorization") ?? undefined);
  if (person === null) {
    throw new Refusal(
      "unauthenticated",
      "This needs a valid key; send it as `Authorization: Bearer KEY`.",
    );
  }
  if (auth === "admin" && person.role !== "admin") {
    throw new Refusal("forbidden", "Only an admin may do this; ask one.");
  }
  return person;
}

function checked(part: Part, schema: z.ZodType | undefined, input: unknown): unknown {
  if (schema === undefined) return undefined;
  const result = schema.safeParse(input);
  if (result.success) return result.data;
  const errors = faultsOf(schema, input, result.error.issues);
  const sentences = errors.map((fault) => sentenceOf(fault, part));
  throw new Refusal("invalid_request", `${sentences.join(". ")}.`, { errors });
}

/** A name that comes once is text, one that comes again is a list, for the schema to judge. */
function queryOf(request: Request): Record<string, string | string[]> {
  const { searchParams } = new URL(request.url);
  const names = [...new Set(searchParams.keys())];
  return Object.fromEntries(
    names.map((name) => {
      const [first = "", ...more] = searchParams.getAll(name);
      return [name, more.length === 0 ? first : [first, ...more]];
    }),
  );
}

function bodyOf(request: Request, wire: Wire): Promise<unknown> {
  // Not destroyed when the reading stops early: the answer still has to go out on this socket.
  const chunks = wire?.incoming.iterator({ destroyOnReturn: false }) ?? request.body ?? nothing();
  return readJson({ content_type: request.headers.get("content-type"), chunks });
}

async function* nothing(): AsyncGenerator<Uint8Array> {}

function connectionOf(request: Request, wire: Wire, parts: AnswerParts): Connection {
  let signal: AbortSignal | undefined;
  return {
    get signal() {
      return (signal ??= eitherOf(request.signal, parts.stopping, wire));
    },
    async authorized() {
      const key = request.headers.get("authorization") ?? undefined;
      return (await parts.authenticate(key)) !== null;
    },
    cut(error) {
      const at = { method: request.method, path: new URL(request.url).pathname };
      if (error !== undefined) refusalOf(error, at, parts.report);
      wire?.outgoing.destroy();
    },
  };
}

/**
 * Aborts with the client's leaving or the server's stop. Not `AbortSignal.any`: it would hold what
 * listens here as long as the server lives.
 */
function eitherOf(leaving: AbortSignal, stopping: AbortSignal, wire: Wire): AbortSignal {
  const either = new AbortController();
  const stop = () => either.abort(stopping.reason);
  if (stopping.aborted) stop();
  leaving.addEventListener("abort", () => either.abort(leaving.reason), { once: true });
  stopping.addEventListener("abort", stop, { once: true });
  wire?.outgoing.once("close", () => stopping.removeEventListener("abort", stop));
  return either.signal;
}

function reply(given: Answer<Responses>): Response {
  if ("events" in given) {
    return new Response(given.events, { headers: { "content-type": "text/event-stream" } });
  }
  const { status, body, headers = {} } = given;
  if (body === undefined) return new Response(null, { status, headers });
  return new Response(JSON.stringify(body), {
    status,
    headers: { "content-type": "application/json", ...headers },
  });
}
