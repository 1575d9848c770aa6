import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Problem } from "../src/problem.ts";

export interface Recorded {
  method: string;
  path: string;
  headers: IncomingMessage["headers"];
  body: unknown;
}

export type Handler = (request: Recorded, response: ServerResponse) => void | Promise<void>;

export interface ScriptedServer {
  url: string;
  /** Every request so far, in order. */
  requests: Recorded[];
  /** Requests to `POST /v1/x`, say; what follows a `?` is not looked at. */
  to(route: string): Recorded[];
  close(): Promise<void>;
}

/**
 * A real HTTP server that answers by `routes`, whose keys are `METHOD /path`; a path may end in
 * `*`, the first key that fits wins. What no route names is 404. Listens on the Unix socket
 * `socket_path`, else on a free port of 127.0.0.1.
 */
export async function startScriptedServer(
  routes: Record<string, Handler>,
  { socket_path, port = 0 }: { socket_path?: string; port?: number } = {},
): Promise<ScriptedServer> {
  const requests: Recorded[] = [];
  const server = createServer((request, response) => {
    void record(request).then((recorded) => {
      requests.push(recorded);
      return handlerFor(routes, recorded)(recorded, response);
    });
  });
  if (socket_path === undefined) server.listen(port, "127.0.0.1");
  else server.listen(socket_path);
  await once(server, "listening");
  return {
    url: socket_path ?? `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    to: (route) => requests.filter((request) => routeOf(request) === route),
    async close() {
      server.closeAllConnections();
      if (server.listening) await new Promise((resolve) => server.close(resolve));
    },
  };
}

const routeOf = ({ method, path }: Recorded) => `${method} ${path.split("?")[0]}`;

function handlerFor(routes: Record<string, Handler>, request: Recorded): Handler {
  const route = routeOf(request);
  const fits = (key: string) =>
    key === route || (key.endsWith("*") && route.startsWith(key.slice(0, -1)));
  const key = Object.keys(routes).find(fits);
  return (key && routes[key]) || refuses({ status: 404, code: "not_found" });
}

async function record(request: IncomingMessage): Promise<Recorded> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const text = Buffer.concat(chunks).toString();
  return {
    method: request.method ?? "",
    path: request.url ?? "",
    headers: request.headers,
    body: text === "" ? undefined : JSON.parse(text),
  };
}

export const answers =
  (body: unknown, status = 200): Handler =>
  (_, response) => {
    response.writeHead(status, { "content-type": "application/json" });
    response.end(JSON.stringify(body));
  };

export function refuses(problem: Partial<Problem> & Pick<Problem, "status" | "code">): Handler {
  const detail = "Scripted.";
  return answers({ type: "about:blank", title: "Refused", detail, ...problem }, problem.status);
}

/** Uses the first handler for the first request, the second for the second; the last one stays. */
export function inTurn(...handlers: Handler[]): Handler {
  let n = 0;
  return (request, response) => handlers[Math.min(n++, handlers.length - 1)]?.(request, response);
}

/** The event as the server writes it: journal events with an id, live ones without. */
export function frame(event: { type: string; seq?: number }): string {
  const id = event.seq === undefined ? "" : `id: ${event.seq}\n`;
  return `event: ${event.type}\n${id}data: ${JSON.stringify(event)}\n\n`;
}
