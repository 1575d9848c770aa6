/** What a server may answer with. One process carries the answers of all commands: none may end it. */
import fc from "fast-check";
import { expect, onTestFinished, test } from "vitest";
import { grant, openDoor, openTcpServer } from "./open-world.ts";

const HOST = "packages.example.org";
const PUBLIC = "203.0.113.80";
const GOOD = "HTTP/1.1 200 Fine\r\nX-End: 1\r\nContent-Length: 5\r\n\r\nhello";

test.each([
  ["a status of nothing", "HTTP/1.1 000 x\r\n\r\n"],
  ["a status below all", "HTTP/1.1 099 x\r\n\r\n"],
  ["a status above all", "HTTP/1.1 999 x\r\n\r\n"],
  ["another protocol", "HTTP/1.1 101 x\r\nConnection: upgrade\r\nUpgrade: other\r\n\r\n"],
  ["another protocol, unnamed", "HTTP/1.1 101 x\r\n\r\n"],
  ["a header that cannot be sent on", "HTTP/1.1 204 x\r\nX: a\x01b\r\n\r\n"],
  ["no HTTP", "hello\r\n\r\n"],
  ["nothing", ""],
])("%s is told as a bad gateway, and the next request is answered", async (_, answer) => {
  const far = await farSaying(answer);
  expect((await far.get()).status).toBe(502);
  expect(far.door.proxy.uses()[0]!.refused).toEqual(expect.any(String));
  far.says(GOOD);
  expect(await far.get()).toMatchObject({ status: 200, body: "hello", headers: { "x-end": "1" } });
});

test("the words beside a status stay where they came from", async () => {
  const far = await farSaying("HTTP/1.1 200 a\x01b\r\nContent-Length: 0\r\n\r\n");
  expect([200, 502]).toContain((await far.get()).status);
  far.says("HTTP/1.1 404 Gone Fishing\r\nContent-Length: 0\r\n\r\n");
  expect(await far.get()).toMatchObject({ status: 404, reason: "Not Found" });
});

test("whatever bytes come, the next request is answered", async () => {
  const far = await farSaying("");
  const line = fc.constantFrom(
    ...["HTTP/1.1 ", "HTTP/1.1 200 OK\r\n", "101 ", "204 ", "\r\n", ": ", "Content-Length", "9"],
    ...["Transfer-Encoding: chunked\r\n", "Connection: ", "upgrade", "\x00", "\r", "\n", "5\r\n"],
  );
  const piece = fc.oneof(line, line, fc.string({ maxLength: 20, unit: "binary" }));
  const answers = fc.array(piece, { maxLength: 12 }).map((pieces) => pieces.join(""));
  await fc.assert(
    fc.asyncProperty(answers, async (answer) => {
      far.says(answer);
      await far.get().catch(() => {}); // cut short, as its server cut it
      far.says(GOOD);
      expect(await far.get()).toMatchObject({ status: 200, body: "hello" });
    }),
    { numRuns: 50 },
  );
});

/** A proxy before a server that answers each request with these bytes, and no more. */
async function farSaying(text: string) {
  let answer = text;
  const server = await openTcpServer((socket) => {
    socket.on("error", () => {});
    socket.once("data", () => socket.end(Buffer.from(answer, "latin1")));
    onTestFinished(() => void socket.destroy());
  });
  const door = await openDoor([grant(HOST)], {
    names: { [HOST]: [[PUBLIC]] },
    servers: { [`${PUBLIC}:80`]: server.port },
  });
  return {
    door,
    get: () => door.get(`http://${HOST}/`),
    says: (next: string) => (answer = next),
  };
}
