/** What no provider should do, over real sockets: the invariants of `adapters/fetch.ts`, by number. */
import { once } from "node:events";
import { createServer as createHttpServer, type RequestListener } from "node:http";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { FAKE_KEY, startFakeProvider } from "@mainstay/fake-provider/fake-provider";
import { type Clock, systemClock } from "@mainstay/sdk/clock";
import { afterEach, expect, test } from "vitest";
import type { ModelRequest } from "../../src/kernel/model.ts";
import { adapterFor, WireFault } from "../../src/providers/adapters/adapters.ts";
import { listModels } from "../../src/providers/adapters/list-models.ts";
import { handClock } from "../door/hand-clock.ts";

const closing: (() => Promise<void>)[] = [];

afterEach(async () => {
  await Promise.all(closing.splice(0).map((close) => close()));
});

async function listen(server: Server): Promise<string> {
  const sockets = new Set<Socket>();
  server.on("connection", (socket: Socket) => void sockets.add(socket));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  closing.push(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((closed) => server.close(closed));
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`;
}

const http = (listener: RequestListener) => listen(createHttpServer(listener));

const request: ModelRequest = {
  turn_id: "t",
  said: "Hello",
  messages: [{ role: "user", text: "Hello" }],
  tools: [],
  model: null,
  check: () => null,
  waiting: () => undefined,
};

const adapter = (base_url: string, clock: Pick<Clock, "after"> = systemClock) =>
  adapterFor({
    ...{ provider: "p", type: "openai-compatible", model: "m", base_url, api_key: FAKE_KEY },
    clock,
  });

async function said(ask: ReturnType<typeof adapter>): Promise<string> {
  const asked = await ask(request, { stream: true, signal: new AbortController().signal });
  let text = "";
  for await (const part of asked.stream) if (part.type === "text-delta") text += part.delta;
  return text;
}

async function faultOf(work: Promise<unknown>): Promise<WireFault> {
  const fault = await work.catch((thrown: unknown) => thrown);
  expect(fault).toBeInstanceOf(WireFault);
  return fault as WireFault;
}

const chunk = (content: string) =>
  `data: ${JSON.stringify({ choices: [{ index: 0, delta: { content }, finish_reason: null }] })}\n\n`;
const end = `data: ${JSON.stringify({ choices: [{ index: 0, delta: {}, finish_reason: "stop" }] })}\n\ndata: [DONE]\n\n`;

test("1: a redirect is refused, and the key goes nowhere", async () => {
  let followed = 0;
  const elsewhere = await http((_, response) => {
    followed++;
    response.end();
  });
  const url = await http((_, response) => {
    response.writeHead(307, { location: `${elsewhere}/chat/completions` }).end();
  });
  const { kind, answer } = await faultOf(said(adapter(url)));
  expect([kind, answer.status, followed]).toEqual(["refused", 307, 0]);
});

test("3: an error's endless body is read to its bound, and its connection closed", async () => {
  const left = Promise.withResolvers<void>();
  const url = await http((_, response) => {
    response.once("close", left.resolve);
    response.writeHead(500);
    const more = () => response.destroyed || response.write("x".repeat(65_000), more);
    more();
  });
  const { kind, answer } = await faultOf(said(adapter(url)));
  expect([kind, answer.status, answer.body?.length]).toEqual(["refused", 500, 65_536]);
  await left.promise;
});

test.each([
  ["one line", () => "data: ".padEnd(40_000, "x"), () => "x".repeat(40_000)],
  ["many lines", () => `data: ${"x".repeat(10)}\n`, () => `data: ${"x".repeat(40_000)}\n`],
])("3: an event without an end (%s) is cut off at its bound", async (_, first, next) => {
  const left = Promise.withResolvers<void>();
  const url = await http((_request, response) => {
    response.once("close", left.resolve);
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.write(chunk("Hello") + first());
    const more = () => response.destroyed || response.write(next(), more);
    more();
  });
  const { kind, message } = await faultOf(said(adapter(url)));
  expect(kind).toBe("malformed");
  expect(message).toContain("1048576 bytes");
  await left.promise;
});

test("a long answer in one burst arrives whole, however slowly it is read", async () => {
  const words = Array.from({ length: 20_000 }, (_, i) => `word ${i} `);
  const url = await http((_, response) => {
    response.writeHead(200, { "content-type": "text/event-stream" });
    for (const word of words) response.write(chunk(word));
    response.end(end);
  });
  expect(await said(adapter(url))).toBe(words.join(""));
});

test("a kept connection that dies before the first byte is nobody there, not a broken answer", async () => {
  const body = chunk("Hello") + end;
  let asked = 0;
  const server = createServer((socket) => {
    socket.on("error", () => undefined);
    socket.on("data", () => {
      if (++asked > 1) return socket.resetAndDestroy();
      socket.write(
        `HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
      );
    });
  });
  const ask = adapter(await listen(server));
  expect(await said(ask)).toBe("Hello");
  const { kind, answer } = await faultOf(said(ask));
  expect([kind, answer.status, asked]).toEqual(["connect", null, 2]);
});

const odd = [100, 101, 102, 103, 199, 203, 204, 205, 299, 304, 399, 499, 599, 600, 777, 999];

test.each([
  ["whole", "Content-Length: 1\r\n\r\nx"],
  ["cut", "Content-Length: 9\r\n\r\nx"],
  ["no more than its head", "\r\n"],
])("5: an answer of any status, %s, is a fault, and ends nothing else", async (_, rest) => {
  let status = 0;
  const server = createServer((socket) => {
    socket.on("error", () => undefined);
    socket.once("data", () => socket.end(`HTTP/1.1 ${status} Odd\r\n${rest}`));
  });
  const ask = adapter(await listen(server));
  for (status of odd) await faultOf(said(ask));
  status = 700;
  const { kind, answer } = await faultOf(said(ask));
  expect([kind, answer.status]).toEqual(["malformed", 700]);
});

test("2: an abort after an answer has ended is heard by nobody", async () => {
  const url = await http((_, response) => void response.end(chunk("Hello") + end));
  const asking = new AbortController();
  const asked = await adapter(url)(request, { stream: true, signal: asking.signal });
  const parts: unknown[] = [];
  for await (const part of asked.stream) parts.push(part);
  asking.abort(new Error("too late"));
  expect(parts.at(-1)).toMatchObject({ type: "finish" });
});

test("3: an answer in one piece is read to its bound", async () => {
  const left = Promise.withResolvers<void>();
  const url = await http((_, response) => {
    response.once("close", left.resolve);
    response.write('{"data":[{"id":"');
    const more = () => response.destroyed || response.write("x".repeat(1_000_000), more);
    more();
  });
  const { signal } = new AbortController();
  const list = listModels({ type: "openai-compatible", base_url: url, api_key: null, signal });
  const { kind, message } = await faultOf(list);
  expect([kind, message]).toEqual(["malformed", "the answer is over 8388608 bytes"]);
  await left.promise;
});

test("a stream that says it is done is, though its server leaves the connection open", async () => {
  const left = Promise.withResolvers<void>();
  const url = await http((_, response) => {
    response.once("close", left.resolve);
    response.write(chunk("Hello") + end);
  });
  const { clock, pass } = handClock();
  expect(await said(adapter(url, clock))).toBe("Hello");
  await pass(1_000);
  await left.promise;
});

test("a server that does not know how to be asked for usage is asked without, from then on", async () => {
  const refusal = {
    status: 400,
    body: { error: { message: "Unrecognized request argument supplied: stream_options" } },
  };
  const provider = await startFakeProvider({
    clock: systemClock,
    script: ({ stream_options }) => (stream_options ? refusal : { text: "Hello" }),
  });
  closing.push(() => provider.close());
  const ask = adapter(provider.url);
  expect([await said(ask), await said(ask)]).toEqual(["Hello", "Hello"]);
  expect(provider.requests.map((each) => each.stream_options !== undefined)).toEqual([
    true,
    false,
    false,
  ]);
});
