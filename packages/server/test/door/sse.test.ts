import { once } from "node:events";
import { expect, test } from "vitest";
import { endpoint, type Connection } from "../../src/door/endpoint.ts";
import { type EventSink, eventStream } from "../../src/door/sse.ts";
import { handClock } from "./hand-clock.ts";
import { openDoor } from "./open-door.ts";

const BIG = "x".repeat(100_000);

/** A stream within the process whose connection and time are moved by hand. */
function streamed(produce: (sink: EventSink) => Promise<void>) {
  const time = handClock();
  const leaving = new AbortController();
  const cuts: unknown[] = [];
  const cut = Promise.withResolvers<unknown>();
  const key = { holds: true };
  const connection: Connection = {
    signal: leaving.signal,
    authorized: async () => key.holds,
    cut(error) {
      cuts.push(error);
      cut.resolve(error);
    },
  };
  const { events } = eventStream(time.clock, connection, produce);
  return { time, leaving, cuts, cut: cut.promise, key, reader: events.getReader() };
}

const untilEnded = (sink: EventSink) => once(sink.ended, "abort").then(() => {});

async function textOf(reader: ReadableStreamDefaultReader<Uint8Array>): Promise<string> {
  let text = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return text;
    text += Buffer.from(value).toString();
  }
}

test("events carry their id only where they have one, and the stream ends with its producer", async () => {
  const { reader, time } = streamed(async (sink) => {
    sink.send({ type: "a", text: "one\ntwo" }, 7);
    sink.send({ type: "b" });
  });
  expect(await textOf(reader)).toBe(
    'id: 7\ndata: {"type":"a","text":"one\\ntwo"}\n\ndata: {"type":"b"}\n\n',
  );
  expect(time.waiting()).toBe(0);
});

test("a comment comes every 10 s (S3: none after the end)", async () => {
  const { reader, time, leaving } = streamed(untilEnded);
  await time.pass(9_999);
  await time.pass(1);
  expect(Buffer.from((await reader.read()).value ?? []).toString()).toBe(": keep-alive\n\n");
  await time.pass(10_000);
  leaving.abort();
  expect(await textOf(reader)).toBe(": keep-alive\n\n");
  expect(time.waiting()).toBe(0);
});

test("the stream ends within a second after the key was revoked (S4)", async () => {
  const { reader, time, key } = streamed(untilEnded);
  await time.pass(5_000);
  key.holds = false;
  await time.pass(500);
  expect((await reader.read()).done).toBe(true);
  expect(time.waiting()).toBe(0);
});

test("a replay of any size waits for its reader (S2)", async () => {
  let sent = 0;
  const { reader, cuts } = streamed(async (sink) => {
    for (; sent < 100; sent += 1) {
      await sink.room();
      sink.send(BIG, sent);
    }
  });
  await reader.read();
  expect(sent).toBeLessThan(10);
  const text = await textOf(reader);
  expect([text.match(/^id: /gm)?.length, cuts]).toEqual([99, []]);
});

test("who does not keep up is cut off, and nothing is sent after (S1, S2)", async () => {
  const { cuts, reader, time } = streamed(async (sink) => {
    for (let i = 1; i <= 50; i += 1) sink.send(BIG, i);
    await sink.room();
  });
  const ids = [...(await textOf(reader)).matchAll(/^id: (\d+)/gm)].map((match) => Number(match[1]));
  expect(ids).toEqual(Array.from({ length: ids.length }, (_, i) => i + 1));
  expect([ids.length < 15, cuts, time.waiting()]).toEqual([true, [undefined], 0]);
});

test("who takes nothing for 30 s is cut off", async () => {
  const { cuts, time } = streamed(async (sink) => {
    sink.send("x");
    await untilEnded(sink);
  });
  await time.pass(29_000);
  expect(cuts).toEqual([]);
  await time.pass(11_000);
  expect(cuts).toEqual([undefined]);
});

test("what a producer throws cuts the connection and is reported", async () => {
  const fault = new Error("planted");
  const { cut, reader } = streamed(async (sink) => {
    sink.send("x");
    throw fault;
  });
  await textOf(reader);
  expect(await cut).toBe(fault);
});

test("what a producer throws because the stream has ended is no fault", async () => {
  const { cuts, leaving, reader } = streamed(async (sink) => {
    await untilEnded(sink);
    throw sink.ended.reason;
  });
  leaving.abort();
  await textOf(reader);
  expect(cuts).toEqual([]);
});

test("what a producer throws after the end for another reason is reported", async () => {
  const fault = new Error("planted");
  const { cut, leaving } = streamed(async (sink) => {
    await untilEnded(sink);
    throw fault;
  });
  leaving.abort();
  expect(await cut).toBe(fault);
});

/** `/events` over real sockets: its sinks, one for each client. */
function eventsEndpoint(clock = handClock().clock) {
  const sinks: EventSink[] = [];
  let opened = Promise.withResolvers<EventSink>();
  const own = endpoint(
    {
      method: "get",
      path: "/events",
      summary: "Events",
      auth: "person",
      responses: { 200: { description: "Events", media: "text/event-stream" } },
    },
    async ({ connection }) =>
      eventStream(clock, connection, async (sink) => {
        sinks.push(sink);
        opened.resolve(sink);
        opened = Promise.withResolvers();
        await untilEnded(sink);
      }),
  );
  return { own, sinks, opened: () => opened.promise };
}

test("closing the door ends the streams", async () => {
  const { own, opened } = eventsEndpoint();
  await using house = await openDoor({ endpoints: [own] });
  const sinkOpened = opened();
  const reply = house.ask({ path: "/events" });
  (await sinkOpened).send("last", 1);
  await house.close();
  expect((await reply).text).toBe('id: 1\ndata: "last"\n\n');
  expect(house.faults).toEqual([]);
});

test("a client that leaves ends its stream; a HEAD opens none", async () => {
  const { own, opened, sinks } = eventsEndpoint();
  await using house = await openDoor({ endpoints: [own] });
  const head = await house.ask({ method: "HEAD", path: "/events" });
  expect(head.headers["content-type"]).toBe("text/event-stream");
  expect(sinks.map((sink) => sink.ended.aborted)).toEqual([true]);
  const sinkOpened = opened();
  const { port } = new URL(house.url);
  const socket = house.dial();
  socket.write(
    `GET /events HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nAuthorization: Bearer ${house.key}\r\n\r\n`,
  );
  const sink = await sinkOpened;
  socket.destroy();
  await once(sink.ended, "abort");
  expect(house.faults).toEqual([]);
});

test("a client that reads nothing is cut off over a real socket, and the server lives", async () => {
  const { own, opened } = eventsEndpoint();
  await using house = await openDoor({ endpoints: [own] });
  const sinkOpened = opened();
  const { port } = new URL(house.url);
  const socket = house.dial();
  socket.pause();
  socket.on("error", () => {});
  socket.write(
    `GET /events HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nAuthorization: Bearer ${house.key}\r\n\r\n`,
  );
  const sink = await sinkOpened;
  for (let i = 0; !sink.ended.aborted; i += 1) {
    expect(i).toBeLessThan(1_000);
    sink.send(BIG, i);
    await new Promise((resolve) => setImmediate(resolve));
  }
  socket.resume();
  await once(socket, "close");
  expect((await house.ask({ path: "/openapi.json" })).status).toBe(200);
  expect(house.faults).toEqual([]);
});
