/**
 * A provider that streams as fast as it can and does nothing else: `POST /N/chat/completions` answers with
 * N chunks. A process of its own, so that what it costs is in nobody's figures.
 */
import { once } from "node:events";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

const event = (delta: object, finish_reason: string | null = null, usage?: object) => {
  const choices = usage === undefined ? [{ index: 0, delta, finish_reason }] : [];
  const head = { id: "c", object: "chat.completion.chunk", created: 1, model: "x" };
  return `data: ${JSON.stringify({ ...head, choices, ...(usage && { usage }) })}\n\n`;
};
const word = event({ content: "some words " });
const usage = { prompt_tokens: 10, completion_tokens: 10, total_tokens: 20 };
const end = `${event({}, "stop")}${event({}, null, usage)}data: [DONE]\n\n`;

const server = createServer((request, response) => {
  request.resume().once("end", () => answer(request.url!, response));
});

function answer(path: string, response: ServerResponse): void {
  const chunks = Number(path.split("/")[1]);
  response.writeHead(200, { "content-type": "text/event-stream" });
  for (let i = 0; i < chunks; i++) response.write(word);
  response.end(end);
}

// A socket that idles while another part of the bench runs is not to be closed under the next call.
server.keepAliveTimeout = 120_000;
server.listen(0, "127.0.0.1");
await once(server, "listening");
console.log(`listening on http://127.0.0.1:${(server.address() as AddressInfo).port}`);
