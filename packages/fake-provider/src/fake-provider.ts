/**
 * A provider that speaks the OpenAI chat-completions wire over real HTTP and does what a script says.
 *
 * F1 Requests are numbered from 1 in the order in which their bodies were complete.
 * F2 What is kept is bounded: a request and its milestones are forgotten `KEPT_REQUESTS` later.
 * F3 `close()` ends every connection, held and stalled ones too; calling it twice is harmless.
 */
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Clock } from "@mainstay/sdk/clock";
import { z } from "zod";
import { chatRequest, type ParsedChatRequest } from "./chat-request.ts";
import { deliver, openAiError } from "./delivery.ts";
import { milestones } from "./milestones.ts";
import { replyTo, type Script } from "./script.ts";

export interface FakeProvider {
  /** Base URL of the API; ends in `/v1`. */
  readonly url: string;
  /** The bodies of the last 1,000 chat requests, in order. */
  readonly requests: readonly ParsedChatRequest[];
  /** Resolves when the `n`-th chat request (from 1) has arrived; it is forgotten 1,000 later. */
  waitForRequest(n: number): Promise<ParsedChatRequest>;
  /** Resolves when the client of the `n`-th chat request left before its reply was complete. */
  waitForHangUp(n: number): Promise<void>;
  close(): Promise<void>;
}

export interface FakeProviderOptions {
  script: Script;
  clock: Clock;
  /** 0, the default: any free one. */
  port?: number;
}

/** The only key that is let in, and the only model that is listed; chat takes any model's name. */
export const FAKE_KEY = "fake";
const FAKE_MODEL = "fake-model";

const BODY_LIMIT_BYTES = 32 * 1024 * 1024;
const KEPT_REQUESTS = 1_000;

/** Listens on 127.0.0.1. Rejects with the system's error when the port is taken. */
export async function startFakeProvider(options: FakeProviderOptions): Promise<FakeProvider> {
  const requests: ParsedChatRequest[] = [];
  let arrived = 0;
  const arrivals = milestones<ParsedChatRequest>();
  const hang_ups = milestones<void>();

  const server = createServer((incoming, response) => {
    answer(incoming, response).catch((error: unknown) => response.destroy(error as Error));
  });

  async function answer(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const route = `${incoming.method} ${incoming.url?.split("?")[0]}`;
    if (route !== "POST /v1/chat/completions" && route !== "GET /v1/models")
      return refuse(response, 404, `Unknown request URL: ${route}.`, "unknown_url");
    if (incoming.headers.authorization !== `Bearer ${FAKE_KEY}`)
      return refuse(response, 401, "Incorrect API key provided.", "invalid_api_key");
    if (route === "GET /v1/models") return listModels(response);

    const body = await readBody(incoming);
    if (body === null) return refuse(response, 413, "The body is over 32 MB.", null);
    const parsed = parseChat(body);
    if ("fault" in parsed) return refuse(response, 400, parsed.fault, null);
    await converse(parsed.request, response);
  }

  async function converse(request: ParsedChatRequest, response: ServerResponse): Promise<void> {
    const n = ++arrived;
    keep(request, n);
    const hung_up = new AbortController();
    const hangUp = () => {
      if (response.writableEnded) return;
      hung_up.abort(new Error(`The client of request ${n} hung up.`));
      hang_ups.reach(n, undefined);
    };
    response.once("close", hangUp);
    arrivals.reach(n, request);

    const cut = () => response.off("close", hangUp).destroy();
    const exchange = { request, n, response, hung_up: hung_up.signal, cut, clock: options.clock };
    try {
      await deliver(replyTo(options.script, request, n), exchange);
    } catch (error) {
      if (hung_up.signal.aborted) return;
      refuse(response, 400, error instanceof Error ? error.message : String(error), "script_fault");
    }
  }

  function keep(request: ParsedChatRequest, n: number): void {
    requests.push(request);
    if (n <= KEPT_REQUESTS) return;
    requests.shift();
    arrivals.forget(n - KEPT_REQUESTS);
    hang_ups.forget(n - KEPT_REQUESTS);
  }

  server.listen(options.port ?? 0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/v1`,
    requests,
    waitForRequest: (n) => arrivals.wait(n),
    waitForHangUp: (n) => hang_ups.wait(n),
    close: () => closed(server),
  };
}

/** The whole body, or null when it is over the limit; it is read to its end either way. */
async function readBody(incoming: IncomingMessage): Promise<string | null> {
  const parts: Buffer[] = [];
  let size_bytes = 0;
  for await (const part of incoming as AsyncIterable<Buffer>) {
    size_bytes += part.length;
    if (size_bytes <= BODY_LIMIT_BYTES) parts.push(part);
  }
  return size_bytes > BODY_LIMIT_BYTES ? null : Buffer.concat(parts).toString();
}

function parseChat(body: string): { request: ParsedChatRequest } | { fault: string } {
  let json: unknown;
  try {
    json = JSON.parse(body);
  } catch (error) {
    return { fault: `The body is not JSON: ${(error as Error).message}` };
  }
  const parsed = chatRequest.safeParse(json);
  return parsed.success ? { request: parsed.data } : { fault: z.prettifyError(parsed.error) };
}

function listModels(response: ServerResponse): void {
  const data = [{ id: FAKE_MODEL, object: "model", created: 0, owned_by: "mainstay" }];
  response.writeHead(200, { "content-type": "application/json" });
  response.end(JSON.stringify({ object: "list", data }));
}

function refuse(response: ServerResponse, status: number, message: string, code: string | null) {
  response.writeHead(status, { "content-type": "application/json" });
  response.end(JSON.stringify(openAiError(message, "invalid_request_error", code)));
}

async function closed(server: Server): Promise<void> {
  if (!server.listening) return;
  const end = once(server, "close");
  server.close();
  server.closeAllConnections();
  await end;
}
