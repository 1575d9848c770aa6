import type { ParsedChatRequest } from "./chat-request.ts";

export interface ScriptedToolCall {
  id?: string;
  name: string;
  /** An object is sent as its JSON; a string is sent as it is, well-formed or not. */
  arguments: object | string;
}

export interface Usage {
  prompt_tokens: number;
  completion_tokens: number;
}

/** What the model says. `chunk_size` counts code points a delta. */
type Answer =
  | { text: string; chunk_size?: number }
  | { tool_calls: readonly ScriptedToolCall[]; text?: string; chunk_size?: number }
  /** Well-formed, finished, and without a word. */
  | { empty: true }
  /** An HTTP error instead of an answer; `body` is sent as JSON unless it is a string. */
  | { status: number; body?: unknown }
  /** 200, then bytes that are no event stream, or an event whose data is no JSON. */
  | { garbage: "bytes" | "json" }
  /** A black hole: nothing at all, or nothing after the headers, until either side hangs up. */
  | { hang: "headers" | "body" }
  /** 200 and a page for browsers, as gateways and captive portals send it. */
  | { html: true }
  /** 200, and a JSON body that tells of an error. */
  | { error_in_200: unknown }
  /** 200 and no byte of a body. */
  | { nothing: true };

/** How the answer travels. A chunk is one delta with content; the opening role delta is not counted. */
interface Delivery {
  /** Nothing is sent before this resolves. */
  gate?: Promise<void>;
  headers?: Record<string, string>;
  /** Before the headers. */
  delay_ms?: number;
  /** Between the headers and the first chunk. */
  first_token_delay_ms?: number;
  /** Between chunks. */
  between_ms?: number;
  /** The socket is destroyed after that many chunks; without streaming, half way through the body. */
  cut_after_chunks?: number;
  /** Nothing follows that many chunks until either side hangs up; without streaming, half the body. */
  stall_after_chunks?: number;
  /** After that many chunks of a stream an error is told in it, which then ends. */
  error_in_stream_after?: number;
  /** What that error is; default: the wire's own for a fault of the server. */
  stream_error?: object;
  /** The arguments of the last tool call end half way; all else is in order. */
  truncate_tool_json?: true;
  /** What is left of the caller's rates, told in headers as the wire tells it. */
  rate?: RateLeft;
  /** Null: the stream ends in order but never says why. */
  finish_reason?: string | null;
  /** Default: an estimate from the lengths of prompt and answer. */
  usage?: Usage;
}

export interface RateWindowLeft {
  readonly limit: number;
  readonly remaining: number;
  readonly reset_s: number;
}

export interface RateLeft {
  readonly requests?: RateWindowLeft;
  readonly tokens?: RateWindowLeft;
}

export type Reply = Answer & Delivery;

/** Answers the `n`-th request, counted from 1. */
export type ScriptFunction = (request: ParsedChatRequest, n: number) => Reply;

/** Replies in an array are used up in order; a request past the last one is told so with a 400. */
export type Script = ScriptFunction | readonly Reply[];

/** @throws Error when an array has no reply left */
export function replyTo(script: Script, request: ParsedChatRequest, n: number): Reply {
  if (typeof script === "function") return script(request, n);
  const reply = script[n - 1];
  if (!reply) throw new Error(`The script has ${script.length} replies; this is request ${n}.`);
  return reply;
}
