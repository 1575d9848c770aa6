import type { ServerResponse } from "node:http";
import type { Clock } from "@mainstay/sdk/clock";
import type { ParsedChatRequest } from "./chat-request.ts";
import { completionOf } from "./completion.ts";
import { refusalOf } from "./faults.ts";
import { rateHeaders } from "./rates.ts";
import type { Reply } from "./script.ts";
import { type WireName, wires } from "./wires/wires.ts";

/** One request that waits for its reply. `hung_up` aborts when its client leaves before the end. */
export interface Exchange {
  request: ParsedChatRequest;
  n: number;
  as: WireName;
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
  if ("hang" in reply) return hang(reply, exchange);
  if ("html" in reply) return sendBody("text/html; charset=utf-8", PAGE, reply, exchange);
  if ("nothing" in reply) return sendBody("text/event-stream", "", reply, exchange);
  if ("error_in_200" in reply)
    return sendBody("application/json", JSON.stringify(reply.error_in_200), reply, exchange);
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

function sendStatus(reply: Reply & { status: number; body?: unknown }, exchange: Exchange) {
  const { status, body = refusalOf(exchange.as, status, `Scripted ${status}.`) } = reply;
  const text = typeof body === "string" ? body : JSON.stringify(body);
  exchange.response.writeHead(status, {
    "content-type": "application/json",
    ...headersOf(reply, exchange),
  });
  exchange.response.end(text);
}

const headersOf = ({ headers, rate }: Reply, { as, clock }: Exchange) => ({
  ...(rate && rateHeaders(as, rate, clock.now())),
  ...headers,
});

const PAGE = "<!DOCTYPE html>\n<html><body><h1>502 Bad Gateway</h1></body></html>\n";

function sendBody(type: string, body: string, reply: Reply, exchange: Exchange): void {
  exchange.response.writeHead(200, { "content-type": type, ...headersOf(reply, exchange) });
  exchange.response.end(body);
}

/** It ends when the client leaves or the provider closes. */
async function hang(reply: Reply & { hang: "headers" | "body" }, exchange: Exchange) {
  if (reply.hang === "headers") return;
  const type = exchange.request.stream ? "text/event-stream" : "application/json";
  exchange.response.writeHead(200, { "content-type": type, ...headersOf(reply, exchange) });
  exchange.response.flushHeaders();
}

function sendGarbage(reply: Reply & { garbage: "bytes" | "json" }, exchange: Exchange): void {
  const { response } = exchange;
  response.writeHead(200, {
    "content-type": "text/event-stream",
    ...headersOf(reply, exchange),
  });
  if (reply.garbage === "json") response.end('data: {"id": "chatcmpl-fake", "choi\n\n');
  else response.end(Buffer.from(Array.from({ length: 512 }, (_, i) => (i * 37) % 256)));
}

async function sendWhole(reply: Reply, exchange: Exchange): Promise<void> {
  const { request, n, as, response, clock } = exchange;
  const completion = completionOf(reply, request, n, clock.now());
  const body = Buffer.from(JSON.stringify(wires[as].whole(completion)));
  response.writeHead(200, {
    "content-type": "application/json",
    "content-length": body.length,
    ...headersOf(reply, exchange),
  });
  await pause(reply.first_token_delay_ms, exchange);
  if (!breaks(reply)) return void response.end(body);
  await written(response, body.subarray(0, body.length / 2));
  breakOff(reply, exchange);
}

async function sendStream(reply: Reply, exchange: Exchange): Promise<void> {
  const { request, n, as, response, clock } = exchange;
  const body = wires[as].stream(completionOf(reply, request, n, clock.now()), request);
  response.writeHead(200, {
    "content-type": "text/event-stream; charset=utf-8",
    "cache-control": "no-cache",
    ...headersOf(reply, exchange),
  });
  response.write(body.opening);
  await pause(reply.first_token_delay_ms, exchange);

  const last = lastChunk(reply) ?? body.content.length;
  for (const [index, chunk] of body.content.slice(0, last).entries()) {
    if (index > 0) await pause(reply.between_ms, exchange);
    response.write(chunk);
  }
  if (breaks(reply)) {
    await written(response, ": the script breaks off here\n\n");
    return breakOff(reply, exchange);
  }
  response.end(reply.error_in_stream_after === undefined ? body.closing : errorIn(reply, as));
}

const lastChunk = ({ cut_after_chunks, stall_after_chunks, error_in_stream_after }: Reply) =>
  cut_after_chunks ?? stall_after_chunks ?? error_in_stream_after;

const errorIn = ({ stream_error }: Reply, as: WireName): string =>
  wires[as].streamError(stream_error ?? refusalOf(as, 500, "Scripted error in the stream."));

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
