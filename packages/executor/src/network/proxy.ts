/**
 * The proxy of one command: on a Unix socket of its own it speaks HTTP/1.1 as proxies do, and lets
 * through what the command was granted. It ends no TLS: of what goes through CONNECT it sees host,
 * port and bytes.
 *
 * 1. Nothing is connected to but by `reach`.
 * 2. Each request is judged anew, also on a connection that had one before: a redirect is a request
 *    of the client's.
 * 3. Everything that it holds ends with `close`.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { HostGrant, NetworkUse } from "@mainstay/sdk/network";
import { forward } from "./forward.ts";
import { inTurns } from "./in-turns.ts";
import { type Outside, reach } from "./reach.ts";
import { type Answer, answerTo, Refusal, unreachable, written } from "./refusal.ts";
import { createTally, type Row } from "./tally.ts";
import { claimedTarget, type Target, targetOfConnect, targetOfRequest } from "./target.ts";
import { join } from "./tunnel.ts";

const CONNECTIONS_LIMIT = 128;
/** At a time: each keeps a thread of the process as long as name servers let it wait. */
const RESOLUTIONS_LIMIT = 4;
const HEADER_LIMIT_BYTES = 16 << 10;
const HEADER_LIMIT_MS = 15_000;
const IDLE_LIMIT_MS = 5 * 60_000;
/** Both ways, of all its connections. */
const TOTAL_LIMIT_BYTES = 16 * 2 ** 30;
const TOO_MUCH = `more than ${TOTAL_LIMIT_BYTES / 2 ** 30} GiB went over the network`;

export interface Proxy {
  uses(): NetworkUse[];
  /** Cuts what is open. Resolves when the socket is gone. */
  close(): Promise<void>;
}

export interface ProxyParts {
  /** Of the socket to make; everybody who can see it may connect. */
  path: string;
  hosts: readonly HostGrant[];
  outside: Outside;
  onUse(): void;
  total_limit_bytes?: number;
}

export function openProxy(parts: ProxyParts): Promise<Proxy> {
  const { hosts, total_limit_bytes = TOTAL_LIMIT_BYTES } = parts;
  const outside: Outside = {
    ...parts.outside,
    resolve: inTurns(parts.outside.resolve, RESOLUTIONS_LIMIT),
    connect: reachOut,
  };
  const connections = new Set<Socket>();
  const far = new Set<Socket>();
  let is_closed = false;
  let total_bytes = 0;
  const tally = createTally((bytes) => {
    total_bytes += bytes;
    if (bytes > 0 && total_bytes > total_limit_bytes) cutAll();
    parts.onUse();
  });
  const server = createServer({
    maxHeaderSize: HEADER_LIMIT_BYTES,
    headersTimeout: HEADER_LIMIT_MS,
    requestTimeout: 0, // a long upload is bounded by what it moves
    requireHostHeader: false, // judged with the target
  });
  server.maxConnections = CONNECTIONS_LIMIT;
  server.timeout = IDLE_LIMIT_MS;
  server.on("connection", hold);
  server.on("clientError", (_error, client) => client.end("HTTP/1.1 400 Bad Request\r\n\r\n"));
  server.on("connect", (request, stream, head) => {
    const client = stream as Socket;
    client.on("error", () => {}); // its `close` follows
    const read = () => targetOfConnect(request.url!);
    const refuse = (answer: Answer) => client.end(written(answer));
    void judge(request, read, refuse, async (target, row) => {
      const far = await reach(target, hosts, outside);
      client.write("HTTP/1.1 200 Connection Established\r\n\r\n");
      join({ client, far, head, row });
    });
  });
  server.on("request", (request, response) => {
    const read = () => targetOfRequest(request.url!, request.headersDistinct.host ?? []);
    void judge(request, read, answerBy(response), async (target, row) => {
      const far = await reach(target, hosts, outside);
      await forward({ request, response, far, target, row });
    });
  });

  /** Puts the request on record, and lets it through or says why not. Never rejects. */
  async function judge(
    { url, method }: IncomingMessage,
    read: () => Target,
    refuse: (answer: Answer) => void,
    pass: (target: Target, row: Row) => Promise<void>,
  ): Promise<void> {
    const { target, fault } = readTarget(url!, read);
    const row = tally.request(target, method!);
    try {
      if (fault !== null) throw fault;
      if (total_bytes > total_limit_bytes) throw new Refusal("too_much", TOO_MUCH);
      await pass(target, row);
    } catch (error) {
      const refusal = error instanceof Refusal ? error : unreachable((error as Error).message);
      row.refused(refusal.message);
      refuse(answerTo(refusal, `${target.host}:${target.port}`));
    }
  }

  /** One client may ask for many things at once over one connection. Throws past the bound. */
  function reachOut(address: string, port: number): Socket {
    if (far.size >= CONNECTIONS_LIMIT) throw new Error(`${far.size} connections are open already`);
    const socket = hold(parts.outside.connect(address, port));
    far.add(socket);
    return socket.once("close", () => far.delete(socket));
  }

  function hold(socket: Socket): Socket {
    connections.add(socket);
    if (is_closed) socket.destroy();
    return socket.once("close", () => connections.delete(socket));
  }

  function cutAll(): void {
    for (const connection of connections) connection.destroy();
  }

  return listening(server, parts.path).then(() => ({
    uses: tally.uses,
    close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      is_closed = true;
      cutAll();
      return closed;
    },
  }));
}

function readTarget(url: string, read: () => Target): { target: Target; fault: Error | null } {
  try {
    return { target: read(), fault: null };
  } catch (error) {
    return { target: claimedTarget(url), fault: error as Error };
  }
}

const answerBy =
  (response: ServerResponse) =>
  ({ status, reason, headers, body }: Answer): void => {
    if (response.headersSent) response.destroy();
    else response.writeHead(status, reason, headers).end(body);
  };

function listening(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen({ path, readableAll: true, writableAll: true }, resolve);
  });
}
