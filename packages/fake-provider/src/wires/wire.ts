import type { IncomingHttpHeaders } from "node:http";
import type { ParsedChatRequest } from "../chat-request.ts";
import type { Completion } from "../completion.ts";

/** What a request asks for. Where a wire has the model or the manner in the path, they are here. */
export type Route =
  | { readonly kind: "models" }
  | { readonly kind: "chat"; readonly model?: string; readonly stream?: boolean };

/** A refusal in the words that all wires share; each puts it into its own shape. */
export interface Refusal {
  readonly status: number;
  readonly message: string;
  readonly type: string;
  readonly code: string | null;
}

/** A stream's text in three parts, so that delivery can break between any two. */
export interface StreamText {
  readonly opening: string;
  /** Each is one chunk: a piece of text, a tool call's name, or a piece of its arguments. */
  readonly content: readonly string[];
  /** The finish reason, the usage, and what ends the stream. */
  readonly closing: string;
}

/** How one provider speaks: its paths, its key, its bodies. Pure data, no delivery. */
export interface Wire {
  /** The path of the API's base URL. */
  readonly base_path: string;
  /** What a path asks for; null where nothing is there. */
  route(method: string, path: string): Route | null;
  /** The key that a request carries; null where it has none. */
  keyOf(headers: IncomingHttpHeaders): string | null;
  /** @throws ZodError, or an Error that says what the provider would not take */
  read(body: unknown, route: Route & { kind: "chat" }): ParsedChatRequest;
  models(names: readonly string[]): object;
  whole(completion: Completion): object;
  stream(completion: Completion, request: ParsedChatRequest): StreamText;
  refusal(refusal: Refusal): object;
  /** An error told inside a stream. */
  streamError(refusal: object): string;
}

/** One server-sent event; named where the wire names them. */
export const event = (data: object, name?: string): string =>
  `${name === undefined ? "" : `event: ${name}\n`}data: ${JSON.stringify(data)}\n\n`;

export const bearer = ({ authorization }: IncomingHttpHeaders): string | null =>
  authorization?.startsWith("Bearer ") ? authorization.slice("Bearer ".length) : null;
