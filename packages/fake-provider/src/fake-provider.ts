/**
 * A provider that speaks a named one's wire over real HTTP, OpenAI's unless told otherwise, and does
 * what a script says.
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
import type { ParsedChatRequest } from "./chat-request.ts";
import { deliver } from "./delivery.ts";
import { refusalOf, wireFault } from "./faults.ts";
import { milestones } from "./milestones.ts";
import { replyTo, type Script } from "./script.ts";
import type { Route } from "./wires/wire.ts";
import { type WireName, wires } from "./wires/wires.ts";

export interface FakeProvider {
  /** Base URL of the API; for OpenAI's wire it ends in `/v1`. */
  readonly url: string;
  /** Chat requests that have no whole reply yet. */
  readonly in_flight: number;
  /** The most that there were at once. */
  readonly peak_in_flight: number;
  /** The last 1,000 chat requests, in order, in OpenAI's words. */
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
  /** Whose wire it speaks; `openai` by default. */
  as?: WireName;
  /** What it lists; chat takes any model's name. */
  models?: readonly string[];
}

/** The only key that is let in. */
export const FAKE_KEY = "fake";
const FAKE_MODELS = ["fake-model"];

const BODY_LIMIT_BYTES = 32 * 1024 * 1024;
const KEPT_REQUESTS = 1_000;

/** Listens on 127.0.0.1. Rejects with the system's error when the port is taken. */
export async function startFakeProvider(options: FakeProviderOptions): Promise<FakeProvider> {
  const { as = "openai", models = FAKE_MODELS } = options;
  const wire = wires[as];
  const requests: ParsedChatRequest[] = [];
  let arrived = 0;
  let in_flight = 0;
  let peak_in_flight = 0;
  const arrivals = milestones<ParsedChatRequest>();
  const hang_ups = milestones<void>();

  const server = createServer((incoming, response) => {
    answer(incoming, response).catch((error: unknown) => response.destroy(error as Error));
  });

  async function answer(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = incoming.url?.split("?")[0] ?? "";
    const route = wire.route(incoming.method ?? "", path);
    if (route === null)
      return refuse(response, 404, `Unknown request URL: ${path}.`, "unknown_url");
    if (wire.keyOf(incoming.headers) !== FAKE_KEY) return refuseKey(response);
    if (route.kind === "models") return sendJson(response, 200, wire.models(models));

    const body = await readBody(incoming);
    if (body === null) return refuse(response, 413, "The body is over 32 MB.");
    const parsed = parseChat(body, route);
    if ("fault" in parsed) return refuse(response, 400, parsed.fault);
    await converse(parsed.request, response);
  }

  function parseChat(body: string, route: Route & { kind: "chat" }) {
    try {
      return { request: wire.read(JSON.parse(body), route) };
    } catch (error) {
      return { fault: reasonOf(error) };
    }
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
    peak_in_flight = Math.max(peak_in_flight, ++in_flight);
    response.once("close", () => in_flight--);
    response.once("close", hangUp);
    arrivals.reach(n, request);

    const cut = () => response.off("close", hangUp).destroy();
    const { clock } = options;
    const exchange = { request, n, as, response, hung_up: hung_up.signal, cut, clock };
    try {
      await deliver(replyTo(options.script, request, n), exchange);
    } catch (error) {
      if (hung_up.signal.aborted) return;
      refuse(response, 400, reasonOf(error), "script_fault");
    }
  }

  function refuse(response: ServerResponse, status: number, message: string, code?: string): void {
    sendJson(response, status, refusalOf(as, status, message, code));
  }

  function refuseKey(response: ServerResponse): void {
    const { status, body } = wireFault(as, "auth");
    sendJson(response, status, body as object);
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
    url: `http://127.0.0.1:${port}${wire.base_path}`,
    get in_flight() {
      return in_flight;
    },
    get peak_in_flight() {
      return peak_in_flight;
    },
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

function sendJson(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { "content-type": "application/json" });
  response.end(JSON.stringify(body));
}

function reasonOf(error: unknown): string {
  if (error instanceof SyntaxError) return `The body is not JSON: ${error.message}`;
  if (error instanceof z.ZodError) return z.prettifyError(error);
  return error instanceof Error ? error.message : String(error);
}

async function closed(server: Server): Promise<void> {
  if (!server.listening) return;
  const end = once(server, "close");
  server.close();
  server.closeAllConnections();
  await end;
}
