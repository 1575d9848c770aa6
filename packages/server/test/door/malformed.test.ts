import { once } from "node:events";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { systemClock } from "@mainstay/sdk/clock";
import { NewTurn } from "@mainstay/sdk/turn";
import { afterAll, beforeAll, expect, test } from "vitest";
import { z } from "zod";
import { endpoint } from "../../src/door/endpoint.ts";
import { openDoor, problemIn, type Reply } from "./open-door.ts";

const shared = fileURLToPath(new URL("../../../../../shared/data/", import.meta.url));
const blns = `${shared}blns/blns.json`;
const parsing = `${shared}jsontestsuite/test_parsing`;

const takeTurn = endpoint(
  {
    method: "post",
    path: "/v1/turns",
    summary: "Takes a turn and says what it got",
    auth: "person",
    body: NewTurn,
    query: z.strictObject({ page: z.enum(["a", "b"]).optional() }),
    responses: { 201: { description: "What came", body: NewTurn } },
  },
  async ({ body }) => ({ status: 201, body }),
);
const takeAny = endpoint(
  {
    method: "post",
    path: "/any",
    summary: "Takes any JSON",
    auth: "person",
    body: z.json(),
    responses: { 200: { description: "It came", body: z.null() } },
  },
  async () => ({ status: 200, body: null }),
);

let house: Awaited<ReturnType<typeof openDoor>>;
beforeAll(async () => {
  house = await openDoor({ endpoints: [takeTurn, takeAny] });
});
afterAll(async () => {
  expect(house.faults).toEqual([]);
  await house[Symbol.asyncDispose]();
});

const json = { "content-type": "application/json" };
const deep = "[".repeat(10_000) + "]".repeat(10_000);
const bytes = (...parts: (string | number[])[]) =>
  Buffer.concat(parts.map((part) => Buffer.from(part as string)));

test.each<[string, string | Uint8Array, Record<string, string>, number, string, RegExp]>([
  [
    "null",
    "null",
    json,
    400,
    "invalid_request",
    /^the body must be an object, got null; send a JSON/,
  ],
  ["an array", "[1]", json, 400, "invalid_request", /got an array of 1 item/],
  ["a number", "5", json, 400, "invalid_request", /got the number 5/],
  ["a string", '"hi"', json, 400, "invalid_request", /got the text "hi"/],
  ["nothing", "", json, 400, "invalid_request", /got nothing/],
  ["nothing, untyped", "", {}, 400, "invalid_request", /got nothing/],
  ["blanks", "  \n ", json, 400, "malformed_json", /line 2, column 2: expected a value/],
  [
    "message null",
    '{"message":null}',
    json,
    400,
    "invalid_request",
    /`\/message` must be a string, got null; send text/,
  ],
  [
    "message a list",
    '{"message":[]}',
    json,
    400,
    "invalid_request",
    /got an array of 0 items; send text/,
  ],
  ["message empty", '{"message":""}', json, 400, "invalid_request", /text that is not empty/],
  [
    "message too long",
    `{"message":"${"x".repeat(200_001)}"}`,
    json,
    400,
    "invalid_request",
    /at most 200,000 characters, got text of 200,001 characters/,
  ],
  [
    "unknown field",
    '{"message":"x","mode":1}',
    json,
    400,
    "invalid_request",
    /`\/mode` must be left out/,
  ],
  [
    "__proto__",
    '{"message":"x","__proto__":{"admin":true}}',
    json,
    400,
    "invalid_request",
    /`\/__proto__` must be left out/,
  ],
  [
    "truncated",
    '{"message":"x',
    json,
    400,
    "malformed_json",
    /line 1, column 12: expected a value/,
  ],
  ["trailing", '{"message":"x"}}', json, 400, "malformed_json", /column 16: expected the end/],
  ["single quotes", "{'message':'x'}", json, 400, "malformed_json", /field name in double quotes/],
  [
    "10 MB",
    `{"message":"${"x".repeat(10_000_000)}"}`,
    json,
    413,
    "body_too_large",
    /at most 1,048,576 bytes/,
  ],
  ["40 MB", Buffer.alloc(40_000_000, 32), json, 413, "body_too_large", /at most 1,048,576 bytes/],
  ["10,000 deep", `{"message":${deep}}`, json, 400, "malformed_json", /at most 64 levels/],
  ["10,000 deep, open", deep.slice(0, 10_000), json, 400, "malformed_json", /column 10001/],
  ["65 deep", "[".repeat(65) + "]".repeat(65), json, 400, "malformed_json", /at most 64 levels/],
  [
    "invalid UTF-8",
    bytes('{"message":"', [0xc3, 0x28], '"}'),
    json,
    400,
    "malformed_json",
    /not at byte 13;/,
  ],
  ["overlong UTF-8", bytes("ab", [0xc0, 0xaf]), json, 400, "malformed_json", /not at byte 2;/],
  ["cut UTF-8", bytes('"', [0xe2, 0x82]), json, 400, "malformed_json", /not at byte 3;/],
  ["UTF-16", Buffer.from('{"message":"x"}', "utf16le"), json, 400, "malformed_json", /column 2/],
  [
    "half a pair",
    '{"message":"a\\ud800"}',
    json,
    400,
    "invalid_request",
    /`\/message` must be Unicode text/,
  ],
  [
    "half a pair in a name",
    '{"\\udc00":"a"}',
    json,
    400,
    "invalid_request",
    /the body must be Unicode text/,
  ],
  [
    "a form",
    "message=x",
    { "content-type": "application/x-www-form-urlencoded" },
    415,
    "unsupported_media_type",
    /must be application\/json/,
  ],
  [
    "plain text",
    '{"message":"x"}',
    { "content-type": "text/plain" },
    415,
    "unsupported_media_type",
    /must be/,
  ],
  ["no type", '{"message":"x"}', {}, 415, "unsupported_media_type", /set it/],
  [
    "latin-1",
    '{"message":"x"}',
    { "content-type": "application/json; charset=latin1" },
    415,
    "unsupported_media_type",
    /UTF-8/,
  ],
])("%s is refused with what to do", async (_, body, headers, status, code, detail) => {
  const reply = await house.ask({ method: "POST", path: "/v1/turns", body, headers });
  expect(problemIn(reply)).toMatchObject({ status, code, detail: expect.stringMatching(detail) });
});

test.each([
  ['{"message":"x","message":"y"}', "y"],
  ['{"message":"\\u0000 \\ud83d\\ude00"}', "\u0000 😀"],
])("%s is taken", async (body, message) => {
  const reply = await house.postJson("/v1/turns", body);
  expect([reply.status, JSON.parse(reply.text).message]).toEqual([201, message]);
  expect(Object.getPrototypeOf({})).toBe(Object.prototype);
});

test("64 levels are taken", async () => {
  const reply = await house.postJson("/any", "[".repeat(64) + "]".repeat(64));
  expect(reply.status).toBe(200);
});

/** A client that does not listen while it sends a body of `size` bytes. */
function dialDeaf(size: number) {
  const { port } = new URL(house.url);
  const socket = house.dial();
  socket.pause();
  const head = [
    "POST /v1/turns HTTP/1.1",
    `Host: 127.0.0.1:${port}`,
    `Authorization: Bearer ${house.key}`,
    "Content-Type: application/json",
    `Content-Length: ${size}`,
  ];
  socket.write(`${head.join("\r\n")}\r\n\r\n`);
  return socket;
}

test("who listens only after sending 6 MB over a slow line hears why it was refused", async () => {
  const socket = dialDeaf(6_000_000);
  for (let i = 0; i < 60; i += 1) {
    socket.write(Buffer.alloc(100_000, 32));
    await systemClock.sleep(25);
  }
  socket.resume();
  const [text] = await once(socket, "data");
  socket.destroy();
  expect(String(text)).toMatch(/^HTTP\/1.1 413 .*body_too_large/s);
});

/** Shorter than what any request may take. */
const NO_HANG_MS = 30_000;

test("who sends 40 MB without listening is not left hanging", { timeout: NO_HANG_MS }, async () => {
  const socket = dialDeaf(40_000_000);
  const sent = new Promise((resolve) => socket.write(Buffer.alloc(40_000_000, 32), resolve));
  socket.on("error", () => {});
  await sent;
  socket.destroy();
});

test.each([
  ["?page=c", "`/page` of the query string must be"],
  ["?page=a&page=b", "got an array of 2 items"],
  ["?pages=a", "`/pages` of the query string must be left out (the fields here are page)"],
  ["?__proto__=a", "`/__proto__`"],
])("the query string %s is refused", async (query, detail) => {
  const reply = await house.postJson(`/v1/turns${query}`, '{"message":"x"}');
  expect(problemIn(reply).detail).toContain(detail);
});

test("every fault is told at once, with pointers", async () => {
  const reply = await house.postJson("/v1/turns", '{"message":5,"urgency":"soon","model":""}');
  expect(problemIn(reply).errors?.map((fault) => fault.pointer)).toEqual([
    "/message",
    "/urgency",
    "/model",
  ]);
});

test.skipIf(!existsSync(blns))(
  "naughty strings arrive as they were sent (needs ../shared/data)",
  async () => {
    const strings = JSON.parse(readFileSync(blns, "utf8")) as string[];
    for (const message of strings) {
      const reply = await house.postJson("/v1/turns", JSON.stringify({ message }));
      if (message.trim() === "") problemIn(reply);
      else expect([reply.status, JSON.parse(reply.text).message]).toEqual([201, message]);
    }
    expect(strings).toHaveLength(515);
  },
);

test.skipIf(!existsSync(parsing))(
  "JSONTestSuite is judged as it says (needs ../shared/data)",
  async () => {
    const files = readdirSync(parsing);
    for (const file of files) {
      const raw = readFileSync(`${parsing}/${file}`);
      const [any, turn] = await Promise.all([
        house.postJson("/any", raw),
        house.postJson("/v1/turns", raw),
      ]);
      expect([file, verdictOf(any)]).toEqual([
        file,
        expect.stringMatching(VERDICTS[file[0] ?? ""] ?? /-/),
      ]);
      expect([file, turn.status, problemIn(turn).detail !== ""]).toEqual([file, 400, true]);
    }
    expect(files).toHaveLength(318);
  },
);

const VERDICTS: Record<string, RegExp> = { y: /^200$/, n: /^400 /, i: /^(200|400 .*)$/ };

const verdictOf = (reply: Reply): string =>
  reply.status === 200 ? "200" : `${reply.status} ${problemIn(reply).code}`;
