import { createServer, type ServerResponse } from "node:http";
import type { ListenOptions, Server, Socket } from "node:net";
import { getRequestListener } from "@hono/node-server";
import type { Clock } from "@mainstay/sdk/clock";
import { messageOf, Refusal } from "../kernel/errors.ts";
import type { Wire } from "./answer.ts";
import { problemOf, problemResponse } from "./problems.ts";
import { SECURITY_HEADERS } from "./security-headers.ts";

// Invariants
// L1 Every connection is in `connections` from its first byte to its close, with its open answers.
// L2 After `close` began, a connection without an open answer is ended at once, the others as soon as
//    their answer is out, and all that is left at the deadline is destroyed.

/** The bounds of connections; what is past them is told or closed, never left hanging. */
export const BOUNDS = {
  /** Until all headers of a request have come; then 408. */
  headers_ms: 10_000,
  /** Until all of a request has come; then 408. */
  request_ms: 60_000,
  /** A connection between two requests is closed after this. */
  keep_alive_ms: 15_000,
  /** Connections of one listener; past it they are closed at once. */
  connections: 2_048,
  /** What open requests get when the server stops. */
  drain_ms: 10_000,
} as const;
export type Bounds = { readonly [K in keyof typeof BOUNDS]: number };

const CHECK_MS = 500;
const HEADER_BYTES = 16_384;

export type Serve = (request: Request, wire: NonNullable<Wire>) => Promise<Response>;

/** An HTTP server that is bounded and drains. */
export interface Listener {
  listen(at: ListenOptions): Promise<Server>;
  /** Takes no more, lets open answers end until the deadline, then destroys them. Idempotent. */
  close(): Promise<void>;
}

export function createListener(
  over: "tcp" | "local",
  serve: Serve,
  bounds: Bounds,
  clock: Clock,
): Listener {
  const connections = new Map<Socket, Set<ServerResponse>>();
  let closing: Promise<void> | undefined;
  const respond = getRequestListener(
    (request, wire) => serve(request, { ...(wire as HttpWire), over }),
    {
      // Stands where a request names no host; on TCP the door refuses it.
      hostname: "unnamed",
      overrideGlobalObjects: false,
      errorHandler: (error) =>
        problemResponse(new Refusal("invalid_request", whyMalformed(error)), SECURITY_HEADERS),
    },
  );
  const server = createServer(
    {
      headersTimeout: bounds.headers_ms,
      requestTimeout: bounds.request_ms,
      keepAliveTimeout: bounds.keep_alive_ms,
      connectionsCheckingInterval: CHECK_MS,
      maxHeaderSize: HEADER_BYTES,
      // The door judges hosts, with a problem that says why.
      requireHostHeader: false,
    },
    (incoming, outgoing) => void respond(incoming, outgoing),
  );
  server.maxConnections = bounds.connections;
  server.on("connection", (socket) => {
    connections.set(socket, new Set());
    socket.once("close", () => connections.delete(socket));
  });
  server.prependListener("request", (incoming, outgoing) => {
    const open = connections.get(incoming.socket);
    open?.add(outgoing);
    outgoing.once("close", () => {
      open?.delete(outgoing);
      if (closing !== undefined && open?.size === 0) incoming.socket.destroySoon();
    });
  });
  server.on("clientError", (error: NodeJS.ErrnoException, socket: Socket) => {
    const open = [...(connections.get(socket) ?? [])];
    if (!socket.writable || error.code === "ECONNRESET" || open.some((one) => one.headersSent)) {
      return socket.destroy();
    }
    socket.end(rawProblem(error.code), () => socket.destroy());
  });

  async function drain() {
    const closed = Promise.withResolvers<void>();
    server.close(() => closed.resolve());
    for (const [socket, open] of connections) if (open.size === 0) socket.destroySoon();
    const cancelDeadline = clock.after(bounds.drain_ms, () => server.closeAllConnections());
    await closed.promise;
    cancelDeadline();
  }

  return {
    listen: (at) =>
      new Promise((resolve, reject) => {
        server.once("error", reject);
        server.listen(at, () => resolve(server));
      }),
    close: () => (closing ??= drain()),
  };
}

type HttpWire = Omit<NonNullable<Wire>, "over">;

const whyMalformed = (error: unknown): string =>
  `The request line or its Host is malformed (${messageOf(error)}); correct it.`;

/** An answer to what never became a request. */
function rawProblem(code: string | undefined): string {
  const { status, detail } = BROKEN[code ?? ""] ?? MALFORMED;
  const problem = { ...problemOf(new Refusal("invalid_request", detail)), status };
  const body = JSON.stringify(problem);
  return [
    `HTTP/1.1 ${status} ${problem.title}`,
    "content-type: application/problem+json",
    `content-length: ${Buffer.byteLength(body)}`,
    "connection: close",
    "",
    body,
  ].join("\r\n");
}

const MALFORMED = { status: 400, detail: "This is not HTTP/1.1; send a well-formed request." };
const BROKEN: Record<string, typeof MALFORMED> = {
  HPE_HEADER_OVERFLOW: {
    status: 431,
    detail: `The headers must be at most ${HEADER_BYTES} bytes; send less in them.`,
  },
  ERR_HTTP_REQUEST_TIMEOUT: {
    status: 408,
    detail: "The request did not come in time; send it without pauses.",
  },
};
