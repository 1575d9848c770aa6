import type { AddressInfo } from "node:net";
import type { Clock } from "@mainstay/sdk/clock";
import { Hono } from "hono";
import { Refusal, Stopping } from "../kernel/errors.ts";
import { answer, type AnswerParts, type Wire } from "./answer.ts";
import type { Endpoint } from "./endpoint.ts";
import { checkHost } from "./hosts.ts";
import { BOUNDS, type Bounds, createListener, type Listener } from "./listener.ts";
import { listenLocally } from "./local-socket.ts";
import { problemResponse, refusalOf, type ReportFault } from "./problems.ts";
import { openapi } from "./routes/openapi.ts";
import { SECURITY_HEADERS } from "./security-headers.ts";

export interface DoorParts {
  readonly endpoints: readonly Endpoint[];
  readonly authenticate: AnswerParts["authenticate"];
  readonly clock: Clock;
  readonly version: string;
  /** Names in lower case, beside those of loopback, by which clients may call this server. */
  readonly host_names: readonly string[];
  readonly report: ReportFault;
  readonly bounds?: Partial<Bounds>;
}

export interface DoorAddress {
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  readonly socket_path: string;
}

export interface OpenDoor {
  readonly url: string;
  /** Takes no more, ends streams, lets open requests end until a deadline. Idempotent. */
  close(): Promise<void>;
}

export interface Door {
  /** Answers within the process, as over the Unix socket. */
  fetch(request: Request): Promise<Response>;
  listen(address: DoorAddress): Promise<OpenDoor>;
}

/** The HTTP door: the only place that knows HTTP; what comes in is checked, errors become problems. */
export function createDoor(parts: DoorParts): Door {
  const stop = new AbortController();
  const host_names = new Set(parts.host_names);
  const app = createRouter(parts, stop.signal);

  async function serve(request: Request, wire: Wire): Promise<Response> {
    const response = await respond(request, wire);
    for (const [name, value] of Object.entries(SECURITY_HEADERS)) response.headers.set(name, value);
    if (stop.signal.aborted) response.headers.set("connection", "close");
    return response;
  }

  async function respond(request: Request, wire: Wire): Promise<Response> {
    try {
      if (wire?.over === "tcp") {
        const { headers, socket } = wire.incoming;
        checkHost(headers.host, socket.localPort ?? 0, host_names);
        checkHost(new URL(request.url).host, socket.localPort ?? 0, host_names);
      }
      return await app.fetch(request, { wire });
    } catch (error) {
      return problemFor(error, request, parts.report);
    }
  }

  async function listen(address: DoorAddress): Promise<OpenDoor> {
    const bounds = { ...BOUNDS, ...parts.bounds };
    const tcp = createListener("tcp", serve, bounds, parts.clock);
    const local = createListener("local", serve, bounds, parts.clock);
    const url = await listenOnTcp(tcp, address);
    const removeSocket = await listenLocally(local, address.socket_path).catch(async (cause) => {
      await tcp.close();
      throw new Error(`cannot listen on ${address.socket_path}`, { cause });
    });
    async function close() {
      stop.abort(new Stopping());
      await Promise.all([tcp.close(), local.close()]);
      await removeSocket();
    }
    let closing: Promise<void> | undefined;
    return { url, close: () => (closing ??= close()) };
  }

  return { fetch: (request) => serve(request, undefined), listen };
}

function createRouter(parts: DoorParts, stopping: AbortSignal) {
  const app = new Hono<{ Bindings: { wire: Wire } }>();
  const described: Endpoint[] = [...parts.endpoints];
  described.push(openapi(described, parts.version));
  for (const one of described) {
    app.on(one.method, routeOf(one.path), (c) =>
      answer(one, c.req.raw, c.req.param(), c.env.wire, { ...parts, stopping }),
    );
  }
  for (const path of new Set(described.map((one) => one.path))) {
    const allow = allowedAt(path, described);
    app.all(routeOf(path), () => methodNotAllowed(allow));
  }
  app.notFound(() =>
    problemResponse(
      new Refusal("not_found", "There is nothing here; /openapi.json lists all calls."),
    ),
  );
  app.onError((error, c) => problemFor(error, c.req.raw, parts.report));
  return app;
}

const routeOf = (path: string): string => path.replaceAll(/\{(\w+)\}/g, ":$1");

function allowedAt(path: string, endpoints: readonly Endpoint[]): string {
  const methods = endpoints
    .filter((one) => one.path === path)
    .map((one) => one.method.toUpperCase());
  return (methods.includes("GET") ? [...methods, "HEAD"] : methods).join(", ");
}

function methodNotAllowed(allow: string): Response {
  const refusal = new Refusal("method_not_allowed", `Only ${allow} can be asked here; use that.`);
  return problemResponse(refusal, { allow });
}

function problemFor(error: unknown, request: Request, report: ReportFault): Response {
  const at = { method: request.method, path: new URL(request.url).pathname };
  return problemResponse(refusalOf(error, at, report));
}

async function listenOnTcp(listener: Listener, { host, port }: DoorAddress): Promise<string> {
  const server = await listener.listen({ host, port }).catch((cause: unknown) => {
    throw new Error(`cannot listen on ${host}:${port}`, { cause });
  });
  const bound = server.address() as AddressInfo;
  const name = bound.family === "IPv6" ? `[${bound.address}]` : bound.address;
  return `http://${name}:${bound.port}`;
}
