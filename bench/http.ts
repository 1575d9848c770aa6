import { Agent, request } from "node:http";

/** One connection for each request in flight, kept between them. */
const agent = new Agent({ keepAlive: true, maxSockets: 256 });

/** Posts JSON and reads the whole answer. */
export function post(
  url: string,
  headers: Readonly<Record<string, string>>,
  body: unknown,
): Promise<{ status: number; text: string }> {
  const bytes = Buffer.from(JSON.stringify(body));
  return new Promise((resolve, reject) => {
    const outgoing = request(url, {
      method: "POST",
      agent,
      headers: {
        ...headers,
        "content-type": "application/json",
        "content-length": bytes.length,
      },
    });
    outgoing.once("error", reject);
    outgoing.once("response", (incoming) => {
      const parts: Buffer[] = [];
      incoming.on("data", (part: Buffer) => parts.push(part));
      incoming.once("error", reject);
      incoming.once("end", () =>
        resolve({ status: incoming.statusCode ?? 0, text: Buffer.concat(parts).toString() }),
      );
    });
    outgoing.end(bytes);
  });
}

export const closeConnections = (): void => agent.destroy();
