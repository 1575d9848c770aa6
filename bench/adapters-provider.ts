/** Streams many chunks as fast as it can (`/fast`), or one a turn of the loop (`/paced`). */
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { setImmediate } from "node:timers/promises";

const CHUNKS = Number(process.env["CHUNKS"]);

const head = { id: "c", object: "chat.completion.chunk", created: 1, model: "x" };
const event = (choice: object) =>
  `data: ${JSON.stringify({ ...head, choices: [{ index: 0, ...choice }] })}\n\n`;
const chunk = event({ delta: { content: "some words " }, finish_reason: null });

const server = createServer(async (request, response) => {
  request.resume();
  await once(request, "end");
  response.socket!.setNoDelay(true);
  response.writeHead(200, { "content-type": "text/event-stream" });
  for (let i = 0; i < CHUNKS; i++) {
    response.write(chunk);
    if (request.url!.startsWith("/paced")) await setImmediate();
  }
  response.end(`${event({ delta: {}, finish_reason: "stop" })}data: [DONE]\n\n`);
});
server.listen(0, "127.0.0.1");
await once(server, "listening");
console.log(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
