/** A request in plain HTTP, sent on over a connection to its target, and its answer. */
import {
  type ClientRequest,
  type IncomingMessage,
  request as newRequest,
  type ServerResponse,
  validateHeaderValue,
} from "node:http";
import type { Socket } from "node:net";
import { malformed, type Refusal, unreachable } from "./refusal.ts";
import type { Row } from "./tally.ts";
import { pathOf, type Target } from "./target.ts";
import { meter } from "./tunnel.ts";

/** They are between two neighbours; what else is so, the Connection header names. */
const HOP_BY_HOP = new Set([
  ..."connection keep-alive proxy-connection proxy-authenticate proxy-authorization".split(" "),
  ..."te trailer transfer-encoding upgrade expect".split(" "),
]);

export interface Forwarded {
  request: IncomingMessage;
  response: ServerResponse;
  /** Connected to the target; for this request alone. */
  far: Socket;
  target: Target;
  row: Row;
}

/** Resolves when it is over; rejects with `Refusal` where no answer came. */
export function forward({ request, response, far, target, row }: Forwarded): Promise<void> {
  const asked = ask({ request, far, target });
  asked.once("socket", () => meter(far, request, row)); // not before it has a reader of its own
  response.once("close", () => far.destroy());
  if (response.destroyed) far.destroy();
  return new Promise((resolve, reject) => {
    asked.once("error", (error) => {
      if (!response.headersSent && !response.destroyed) return reject(unreachable(error.message));
      response.destroy();
      resolve();
    });
    asked.once("response", (answer) => {
      const fault = sendHead(answer, response);
      if (fault !== null) return reject(fault);
      answer.once("error", () => response.destroy());
      answer.pipe(response);
      response.once("close", resolve);
    });
    asked.once("upgrade", () => reject(unreachable("it would speak another protocol")));
    request.pipe(asked);
  });
}

/**
 * Without the words beside the status, which are nobody's to read. Returns why it cannot be sent on,
 * and has then sent nothing: what is thrown here nobody catches, and it would end the process of all.
 */
function sendHead(answer: IncomingMessage, response: ServerResponse): Refusal | null {
  const status = answer.statusCode!;
  if (status < 200 || status > 599) return unreachable(`its answer has the status ${status}`);
  const headers = endToEnd(answer);
  try {
    for (const [name, value] of headers) validateHeaderValue(name, value);
    response.writeHead(status, headers.flat());
    return null;
  } catch (error) {
    return unreachable(`its answer cannot be sent on: ${(error as Error).message}`);
  }
}

function ask({
  request,
  far,
  target,
}: Pick<Forwarded, "request" | "far" | "target">): ClientRequest {
  const host = target.port === 80 ? target.host : `${target.host}:${target.port}`;
  const headers = endToEnd(request).filter(([name]) => name.toLowerCase() !== "host");
  if ("transfer-encoding" in request.headers) headers.push(["Transfer-Encoding", "chunked"]);
  try {
    return newRequest({
      ...{ method: request.method!, path: pathOf(request.url!) },
      headers: [["Host", host], ...headers].flat(),
      createConnection: () => far,
    });
  } catch (error) {
    far.destroy();
    throw malformed((error as Error).message);
  }
}

/** As they came, without those that were for us. */
function endToEnd({ rawHeaders, headers }: IncomingMessage): [name: string, value: string][] {
  const named = (headers.connection ?? "").split(",").map((name) => name.trim().toLowerCase());
  const dropped = new Set([...HOP_BY_HOP, ...named]);
  return Array.from({ length: rawHeaders.length / 2 }, (_, pair): [string, string] => [
    rawHeaders[2 * pair]!,
    rawHeaders[2 * pair + 1]!,
  ]).filter(([name]) => !dropped.has(name.toLowerCase()));
}
