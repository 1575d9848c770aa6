import type { ServerResponse } from "node:http";
import type { Clock } from "@mainstay/sdk/clock";
import type { ParsedChatRequest } from "./chat-request.ts";
import { completionOf, streamBody, wholeBody } from "./completion.ts";
import type { Reply } from "./script.ts";

/** One request that waits for its reply. `hung_up` aborts when its client leaves before the end. */
export interface Exchange {
  request: ParsedChatRequest;
  n: number;
  response: ServerResponse;
  hung_up: AbortSignal;
  /** Destroys the connection as a scripted fault, which is no hang-up. */
  cut: () => void;
  clock: Clock;
}

/** Sends `reply` with its faults. Rejects with `hung_up`'s reason when the client leaves. */
export async function deliver(reply: Reply, exchange: Exchange): Promise<void> {
  await released(reply, exchange);
  await pause(reply.delay_ms, exchange);
  if ("status" in reply) return sendStatus(reply, exchange);
  if ("garbage" in reply) return sendGarbage(reply, exchange);
  return exchange.request.stream ? sendStream(reply, exchange) : sendWhole(reply, exchange);
}

async function released({ gate }: Reply, { hung_up }: Exchange): Promise<void> {
  if (!gate) return;
  const left = new Promise<never>((_, reject) => {
    hung_up.addEventListener("abort", () => reject(hung_up.reason), { once: true });
  });
  await Promise.race([gate, left]);
  hung_up.throwIfAborted();
}

async function pause(delay_ms: number | undefined, { clock, hung_up }: Exchange): Promise<void> {
  if (delay_ms) await clock.sleep(delay_ms, hung_up);
}

function sendStatus(reply: Reply & { status: number; body?: unknown }, { response }: Exchange) {
  const {
    status,
    headers,
    body = openAiError(`Scripted ${status}.`, "server_error", null),
  } = reply;
  response.writeHead(status, { "content-type": "application/json", ...headers });
  response.end(typeof body === "string" ? body : JSON.stringify(body));
}

function sendGarbage(reply: Reply & { garbage: "bytes" | "json" }, { response }: Exchange): void {
  response.writeHead(200, { "content-type": "text/event-stream", ...reply.headers });
  if (reply.garbage === "json") response.end('data: {"id": "chatcmpl-fake", "choi\n\n');
  else response.end(Buffer.from(Array.from({ length: 512 }, (_, i) => (i * 37) % 256)));
}

async function sendWhole(reply: Reply, exchange: Exchange): Promise<void> {
  const { request, n, response, clock } = exchange;
  const body = Buffer.from(JSON.stringify(wholeBody(completionOf(reply, request, n, clock.now()))));
  response.writeHead(200, {
    "content-type": "application/json",
    "content-length": body.length,
    ...reply.headers,
  });
  await pause(reply.first_token_delay_ms, exchange);
  if (!breaks(reply)) return void response.end(body);
  await written(response, body.subarray(0, body.length / 2));
  breakOff(reply, exchange);
}

async function sendStream(reply: Reply, exchange: Exchange): Promise<void> {
  const { request, n, response, clock } = exchange;
  const completion = completionOf(reply, request, n, clock.now());
  const body = streamBody(completion, request.stream_options?.include_usage ?? false);
  response.writeHead(200, {
    "content-type": "text/event-stream; charset=utf-8",
    "cache-control": "no-cache",
    ...reply.headers,
  });
  response.write(event(body.opening));
  await pause(reply.first_token_delay_ms, exchange);

  const last = reply.cut_after_chunks ?? reply.stall_after_chunks ?? body.content.length;
  for (const [index, chunk] of body.content.slice(0, last).entries()) {
    if (index > 0) await pause(reply.between_ms, exchange);
    response.write(event(chunk));
  }
  if (breaks(reply)) {
    await written(response, ": the script breaks off here\n\n");
    return breakOff(reply, exchange);
  }
  response.end([...body.closing.map(event), "data: [DONE]\n\n"].join(""));
}

function event(data: object): string {
  return `data: ${JSON.stringify(data)}\n\n`;
}

function breaks({ cut_after_chunks, stall_after_chunks }: Reply): boolean {
  return cut_after_chunks !== undefined || stall_after_chunks !== undefined;
}

/** A stall leaves the connection open: it ends when the client leaves or the provider closes. */
function breakOff({ cut_after_chunks }: Reply, { cut }: Exchange): void {
  if (cut_after_chunks !== undefined) cut();
}

/** Waits until the bytes are with the system, so that a cut comes after them and not instead. */
function written(response: ServerResponse, bytes: string | Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    response.write(bytes, (error) => (error ? reject(error) : resolve()));
  });
}

/** The error body of the OpenAI API. */
export function openAiError(message: string, type: string, code: string | null): object {
  return { error: { message, type, param: null, code } };
}
