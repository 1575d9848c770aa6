import type { z } from "zod";
import type { Person } from "../identity/identity.ts";

export type Auth = "none" | "person" | "admin";

/** What an endpoint answers with one status; with `media`, `body` is one event of a stream. */
export interface Answered {
  readonly description: string;
  readonly body?: z.ZodType;
  readonly media?: "text/event-stream";
}
export type Responses = Readonly<Record<number, Answered>>;

/** The connection behind a request, for answers that take their time. */
export interface Connection {
  /** Aborts with `Stopping` when the server stops, with another reason when the client has left. */
  readonly signal: AbortSignal;
  /** Whether the request's key still holds. */
  authorized(): Promise<boolean>;
  /** Ends the connection at once, in the middle of an answer; an error is reported to the operator. */
  cut(error?: unknown): void;
}

/** What a handler gets; every part was checked against its schema. */
export interface Exchange<A extends Auth, B, Q, P, H> {
  readonly person: A extends "none" ? null : Person;
  readonly body: B;
  readonly query: Q;
  readonly params: P;
  readonly headers: H;
  readonly connection: Connection;
}

/** Server-sent events, with status 200. */
export interface EventStream {
  readonly events: ReadableStream<Uint8Array>;
}

/** One answer for each status of `responses`, its body as the schema has it, or a stream. */
export type Answer<R extends Responses> =
  | { [S in keyof R & number]: StatusAnswer<S, R[S]> }[keyof R & number]
  | EventStream;

type StatusAnswer<S, T> = {
  readonly status: S;
  readonly headers?: Record<string, string>;
} & (T extends {
  body: infer Body extends z.ZodType;
}
  ? { readonly body: z.output<Body> }
  : { readonly body?: undefined });

interface Description {
  readonly method: "get" | "post" | "put" | "patch" | "delete";
  /** In OpenAPI's form: `/v1/turns/{id}`. */
  readonly path: `/${string}`;
  readonly summary: string;
  readonly auth: Auth;
  readonly body?: z.ZodType;
  readonly query?: z.ZodType;
  readonly params?: z.ZodType;
  /** Request headers that it reads, by their names in lower case. */
  readonly headers?: z.ZodType;
  readonly responses: Responses;
}

/** An endpoint as the door serves and documents it. */
export interface Endpoint extends Description {
  handle(exchange: Exchange<Auth, unknown, unknown, unknown, unknown>): Promise<Answer<Responses>>;
}

/**
 * Describes one call of the API: the schemas validate what comes, type the handler and make the
 * OpenAPI document. A part without a schema is not read and arrives as undefined.
 */
export function endpoint<
  A extends Auth,
  const R extends Responses,
  B extends z.ZodType = z.ZodUndefined,
  Q extends z.ZodType = z.ZodUndefined,
  P extends z.ZodType = z.ZodUndefined,
  H extends z.ZodType = z.ZodUndefined,
  const T extends Answer<R> = Answer<R>,
>(
  description: Description & {
    readonly auth: A;
    readonly responses: R;
    readonly body?: B;
    readonly query?: Q;
    readonly params?: P;
    readonly headers?: H;
  },
  handle: (exchange: Exchange<A, z.output<B>, z.output<Q>, z.output<P>, z.output<H>>) => Promise<T>,
): Endpoint {
  // The door hands over only what these very schemas let through.
  return { ...description, handle: handle as Endpoint["handle"] };
}
