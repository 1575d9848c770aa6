import fc from "fast-check";
import { expect, test } from "vitest";
import { createSseParser, type ServerSentEvent, SseOverflow } from "../src/sse.ts";

const encoder = new TextEncoder();

function parse(...chunks: (string | Uint8Array)[]): ServerSentEvent[] {
  const parser = createSseParser();
  return chunks.flatMap((chunk) =>
    parser.push(typeof chunk === "string" ? encoder.encode(chunk) : chunk),
  );
}

const message = (data: string, rest: Partial<ServerSentEvent> = {}) => ({
  type: "message",
  data,
  last_event_id: "",
  ...rest,
});

test("the examples of the standard", () => {
  expect(parse("data: YHOO\ndata: +2\ndata: 10\n\n")).toEqual([message("YHOO\n+2\n10")]);
  expect(
    parse(": test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\ndata:  third\n\n"),
  ).toEqual([
    message("first event", { last_event_id: "1" }),
    message("second event"),
    message(" third"),
  ]);
  expect(parse("data\n\ndata\ndata\n\ndata:")).toEqual([message(""), message("\n")]);
  expect(parse("data:test\n\ndata: test\n\n")).toEqual([message("test"), message("test")]);
});

test("every line ending, a BOM, unknown fields, an id that stays and an id with NUL", () => {
  expect(
    parse("\uFEFFevent: a\rid: 7\r\ndata: x\n\r\nretry: 5\nnonsense\nid: 8\0\ndata: y\r\r"),
  ).toEqual([
    message("x", { type: "a", last_event_id: "7" }),
    message("y", { last_event_id: "7" }),
  ]);
});

test("an event that the stream's end cuts off is none", () => {
  expect(parse("data: whole\n\ndata: half\n")).toEqual([message("whole")]);
});

const field = fc.constantFrom("data:", "data: ", "data", "id:", "event: ", ":", "\uFEFFdata:");
const value = fc.string({ unit: fc.constantFrom("a", ":", " ", "é", "🌍", "\0"), maxLength: 4 });
const line = fc.tuple(field, value).map((parts) => parts.join(""));
const ending = fc.constantFrom("\n", "\r", "\r\n", "\n\n", "\r\r", "\r\n\r\n");
const text = fc
  .array(fc.tuple(line, ending), { maxLength: 12 })
  .map((lines) => lines.flat().join(""));

test("any chunking of the bytes gives the same events", () => {
  let events_seen = 0;
  fc.assert(
    fc.property(text, fc.array(fc.nat({ max: 12 }), { maxLength: 40 }), (stream, sizes) => {
      const bytes = encoder.encode(`${stream}\n\n`);
      const whole = parse(bytes);
      events_seen += whole.length;
      expect(parse(...chunked(bytes, sizes))).toEqual(whole);
      expect(
        parse(
          ...chunked(
            bytes,
            Array.from(bytes, () => 1),
          ),
        ),
      ).toEqual(whole);
    }),
    { numRuns: 1000 },
  );
  expect(events_seen).toBeGreaterThan(1000);
});

function chunked(bytes: Uint8Array, sizes: number[]): Uint8Array[] {
  const chunks = [];
  let from = 0;
  for (const size of sizes) chunks.push(bytes.subarray(from, (from += size)));
  return [...chunks, bytes.subarray(from)];
}

test.for([
  ["one line without an end", ["data: 0123456789", "0123456789"]],
  ["many lines of one event", ["data: 01234\n", "data: 01234\n", "data: 01234\n"]],
] as const)("an event has a bound: %s", ([, chunks]) => {
  const parser = createSseParser(24);
  expect(() => chunks.forEach((chunk) => parser.push(encoder.encode(chunk)))).toThrow(SseOverflow);
});

test("comments alone never reach the bound", () => {
  const parser = createSseParser(24);
  for (let n = 0; n < 10; n++) expect(parser.push(encoder.encode(": keep-alive\n"))).toEqual([]);
});
