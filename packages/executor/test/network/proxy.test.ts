/** What the proxy of a command lets through. Canaries stand where a command must never get to. */
import { once } from "node:events";
import { connect } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { NOT_LISTED } from "../../src/network/refusal.ts";
import { ask, grant, openDoor, openServer, openTcpServer, textOf } from "./open-world.ts";

const HOST = "packages.example.org";
const PUBLIC = "203.0.113.80";

test("a granted host is reached in plain HTTP, as itself and without what was for the proxy", async () => {
  const server = await openServer(async (request, response) => {
    const seen = { url: request.url, headers: request.headers, body: await textOf(request) };
    response.setHeader("connection", "x-hop");
    response.setHeader("x-hop", "1");
    response.setHeader("x-end", "1");
    response.statusCode = 201;
    response.end(JSON.stringify(seen));
  });
  const door = await openDoor([grant(HOST)], {
    names: { [HOST]: [[PUBLIC]] },
    servers: { [`${PUBLIC}:80`]: server.port },
  });
  const headers = {
    "proxy-authorization": "x",
    connection: "x-mine",
    "x-mine": "1",
    "x-kept": "1",
  };
  const answer = await ask(door.path, "POST", `http://${HOST}/a?b=c`, headers, "body");
  const seen = JSON.parse(answer.body) as { headers: Record<string, string> };
  expect(seen).toMatchObject({ url: "/a?b=c", body: "body", headers: { host: HOST } });
  expect(Object.keys(seen.headers).toSorted()).toEqual([
    "connection",
    "content-length",
    "host",
    "x-kept",
  ]);
  expect(answer.status).toBe(201);
  expect(answer.headers).toMatchObject({ "x-end": "1" });
  expect(answer.headers).not.toHaveProperty("x-hop");
  expect(door.world.tried).toEqual([`${PUBLIC}:80`]);
  const [use] = door.proxy.uses();
  expect(use).toMatchObject({
    host: HOST,
    port: 80,
    methods: ["POST"],
    requests: 1,
    refused: null,
  });
  expect(use!.bytes_up).toBeGreaterThan(50);
  expect(use!.bytes_down).toBeGreaterThan(50);
});

test("a body without a length goes on as one", async () => {
  const server = await openServer(async (request, response) => response.end(await textOf(request)));
  const door = await openDoor([grant(HOST)], {
    names: { [HOST]: [[PUBLIC]] },
    servers: { [`${PUBLIC}:80`]: server.port },
  });
  for (const method of ["PUT", "GET"]) {
    const headers = { "transfer-encoding": "chunked" };
    const { body } = await ask(door.path, method, `http://${HOST}/`, headers, "in chunks");
    expect(body).toBe("in chunks");
  }
});

test("through CONNECT bytes go both ways, also when one side has finished", async () => {
  const server = await openTcpServer(async (socket) => {
    socket.end(`heard ${await textOf(socket)}`);
  });
  const door = await openDoor([grant(HOST)], {
    names: { [HOST]: [[PUBLIC]] },
    servers: { [`${PUBLIC}:443`]: server.port },
  });
  const { status, socket } = await door.dial(`${HOST}:443`);
  expect(status).toBe(200);
  socket.end("x".repeat(1 << 20));
  expect((await textOf(socket)).length).toBe("heard ".length + (1 << 20));
  expect(door.proxy.uses()).toMatchObject([
    { host: HOST, port: 443, methods: ["CONNECT"], requests: 1, bytes_up: 1 << 20, refused: null },
  ]);
});

test.each([
  ["other.example.org:443", [grant(HOST)]],
  [`${HOST}:22`, [grant(HOST)]],
  [`${HOST}:443`, [grant(HOST, { port: 8443 })]],
  [`${HOST}.evil.example:443`, [grant(HOST)]],
  [`evil-${HOST}:443`, [grant(HOST)]],
  ["example.org:443", [grant("*.example.org")]],
  [`${HOST}:443`, []],
])("%s is not on the list, and its name is not even asked for", async (authority, hosts) => {
  const door = await openDoor(hosts, {});
  const { status, body } = await door.dial(authority);
  expect(status).toBe(403);
  expect(body).toContain(authority);
  expect(body).toContain("mainstay workspace network");
  expect(door.world.asked).toEqual([]);
  const [host, port] = authority.split(":");
  expect(door.proxy.uses()).toMatchObject([{ host, port: Number(port), refused: NOT_LISTED }]);
});

test("a pattern stands for all names below it, a grant with a port for that port", async () => {
  const server = await openServer();
  const door = await openDoor([grant("*.example.org", { port: 8080 })], {
    names: { "a.b.example.org": [[PUBLIC]] },
    servers: { [`${PUBLIC}:8080`]: server.port },
  });
  expect(await door.get("http://a.b.Example.org.:8080/")).toMatchObject({
    status: 200,
    body: "hello",
  });
});

const SPELLINGS = [
  ...["127.0.0.1", "127.1", "2130706433", "0x7f000001", "0177.0.0.1", "localhost", "[::1]"],
  ...["[::ffff:127.0.0.1]", "169.254.169.254", "10.0.0.1", PUBLIC, "user@packages.example.org"],
  ...["packages.example.org%00.evil.example", "packages.example.org\\@127.0.0.1", "*.example.org"],
];
test.each(SPELLINGS)("%s is not the name of a host", async (spelling) => {
  const door = await openDoor([grant(HOST), grant("*.example.org")], {});
  expect((await door.dial(`${spelling}:443`)).status).toBeGreaterThanOrEqual(400);
  expect((await door.get(`http://${spelling}/`)).status).toBeGreaterThanOrEqual(400);
  expect(door.world).toMatchObject({ asked: [], tried: [] });
});

const CANARIES = [
  ...["127.0.0.1", "127.8.8.8", "0.0.0.0", "10.1.2.3", "172.16.0.1", "192.168.1.1", "100.64.0.1"],
  ...["169.254.169.254", "169.254.1.1", "100.100.100.200", "224.0.0.1", "255.255.255.255"],
  ...["::1", "::", "::ffff:127.0.0.1", "::ffff:7f00:1", "::127.0.0.1", "64:ff9b::7f00:1"],
  ...["2002:7f00:1::1", "::ffff:0:127.0.0.1", "fe80::1", "fd00::1", "fd00:ec2::254", "ff02::1"],
  ...["198.51.100.7", "2001:0:7f00:1::1", "64:ff9b:1::7f00:1", "2607:f8b0::200:5efe:10.0.0.1"],
];
test.each(CANARIES)("a granted name with the address %s is refused", async (address) => {
  const canary = await openServer();
  const door = await openDoor([grant(HOST)], {
    names: { [HOST]: [[address]] },
    servers: { [`${address}:80`]: canary.port },
  });
  const answer = await door.get(`http://${HOST}/`);
  expect([answer.status, canary.hits(), door.world.tried]).toEqual([403, 0, []]);
  expect(answer.body).toContain(address);
  door.world.names[HOST] = [[PUBLIC]]; // the canary would have sung
  door.world.servers[`${PUBLIC}:80`] = canary.port;
  expect([(await door.get(`http://${HOST}/`)).status, canary.hits()]).toEqual([200, 1]);
});

test("one address that must not be reached is enough to refuse the whole answer", async () => {
  const door = await openDoor([grant(HOST)], { names: { [HOST]: [[PUBLIC, "10.0.0.1"]] } });
  expect((await door.dial(`${HOST}:443`)).status).toBe(403);
  expect(door.world.tried).toEqual([]);
});

test("a name that changes its address between looks is looked at once", async () => {
  const canary = await openServer();
  const server = await openServer((_, response) => response.end("public"));
  const door = await openDoor([grant(HOST)], {
    names: { [HOST]: [[PUBLIC], ["127.0.0.1"]] },
    servers: { [`${PUBLIC}:80`]: server.port, "127.0.0.1:80": canary.port },
  });
  expect((await door.get(`http://${HOST}/`)).body).toBe("public");
  expect(door.world.asked).toEqual([HOST]);
  const second = await door.get(`http://${HOST}/`);
  expect([second.status, canary.hits()]).toEqual([403, 0]);
});

test("four names are looked up at a time, and the others after them", async () => {
  const server = await openServer();
  const slow = Promise.withResolvers<void>();
  const arrived = Promise.withResolvers<void>();
  let count = 0;
  const hosts = Array.from({ length: 12 }, (_, at) => `host-${at}.example.org`);
  const door = await openDoor([grant("*.example.org")], {
    names: Object.fromEntries(hosts.map((host) => [host, [[PUBLIC]]])),
    servers: { [`${PUBLIC}:80`]: server.port },
    until: slow.promise,
    onUse: () => ++count === hosts.length && arrived.resolve(),
  });
  const all = Promise.all(hosts.map((host) => door.get(`http://${host}/`)));
  await arrived.promise;
  expect(door.world.asked).toHaveLength(4);
  slow.resolve();
  expect((await all).map(({ status }) => status)).toEqual(hosts.map(() => 200));
  expect(door.world.asked.toSorted()).toEqual(hosts.toSorted());
});

test("a redirect is the client's next request, judged as any", async () => {
  const canary = await openServer();
  const server = await openServer((_, response) => {
    response.writeHead(302, { location: "http://inside.example.org/" }).end();
  });
  const door = await openDoor([grant(HOST), grant("inside.example.org")], {
    names: { [HOST]: [[PUBLIC]], "inside.example.org": [["169.254.169.254"]] },
    servers: { [`${PUBLIC}:80`]: server.port, "169.254.169.254:80": canary.port },
  });
  const { status, headers } = await door.get(`http://${HOST}/`);
  expect(status).toBe(302);
  expect((await door.get(headers.location!)).status).toBe(403);
  expect(canary.hits()).toBe(0);
});

test("what an admin called inside may be private, and nothing else", async () => {
  const server = await openServer();
  const door = await openDoor([grant(HOST, { inside: true }), grant("*.example.org")], {
    names: { [HOST]: [["10.0.0.1"], ["fd00::1"], ["198.51.100.7"], ["127.0.0.1"]] },
    servers: {
      "10.0.0.1:80": server.port,
      "fd00::1:80": server.port,
      "198.51.100.7:80": server.port,
    },
  });
  const statuses = [];
  for (let look = 0; look < 4; look++) statuses.push((await door.get(`http://${HOST}/`)).status);
  expect(statuses).toEqual([200, 200, 200, 403]);
});

test("the next address is tried where one does not answer, and the reason is told where none does", async () => {
  const server = await openServer();
  const door = await openDoor([grant(HOST)], {
    names: { [HOST]: [["203.0.113.1", PUBLIC]] },
    servers: { [`${PUBLIC}:80`]: server.port },
  });
  expect((await door.get(`http://${HOST}/`)).status).toBe(200);
  const dead = await door.dial(`${HOST}:443`);
  expect([dead.status, dead.body]).toEqual([502, expect.stringContaining("ECONNREFUSED")]);
  expect((await door.get(`http://${HOST}:443/`)).status).toBe(502);
  door.world.names = {};
  expect((await door.get(`http://${HOST}/`)).body).toContain("could not be resolved");
});

test("the Host header must say what the target says, once", async () => {
  const server = await openServer();
  const door = await openDoor([grant(HOST)], {
    names: { [HOST]: [[PUBLIC]] },
    servers: { [`${PUBLIC}:80`]: server.port },
  });
  const statuses = [];
  for (const host of [HOST, `${HOST}:80`, "other.example.org", `${HOST}:81`, ""]) {
    statuses.push((await door.get(`http://${HOST}/`, { host })).status);
  }
  expect(statuses).toEqual([200, 200, 400, 400, 400]);
  expect((await ask(door.path, "GET", "/only/a/path", { host: HOST })).status).toBe(400);
  const twice = await raw(
    door.path,
    `GET http://${HOST}/ HTTP/1.1\r\nHost: ${HOST}\r\nHost: x\r\n\r\n`,
  );
  expect(twice).toMatch(/^HTTP\/1.1 400 |^$/);
});

test.each([
  ["two lengths", "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n"],
  ["a header past the bound", `X: ${"x".repeat(20_000)}\r\n`],
  ["a folded header", "X: a\r\n b\r\n"],
])("%s ends the connection", async (_, header) => {
  const door = await openDoor([grant(HOST)], { names: { [HOST]: [[PUBLIC]] } });
  await raw(door.path, `POST http://${HOST}/ HTTP/1.1\r\nHost: ${HOST}\r\n${header}\r\n`);
  expect(door.world.tried).toEqual([]);
});

test("more than the bound cuts what is open and refuses what comes", async () => {
  const server = await openTcpServer((socket) => {
    socket.on("error", () => {});
    socket.write("x".repeat(200_000));
  });
  const door = await openDoor(
    [grant(HOST)],
    { names: { [HOST]: [[PUBLIC]] }, servers: { [`${PUBLIC}:443`]: server.port } },
    100_000,
  );
  const { socket } = await door.dial(`${HOST}:443`);
  await textOf(socket).catch(() => {});
  expect((await door.dial(`${HOST}:443`)).status).toBe(503);
  expect(door.proxy.uses()[0]!.refused).toContain("over the network");
});

test("the close of a proxy cuts what is open and what is only beginning", async () => {
  const server = await openTcpServer((socket) => void socket.on("error", () => {}));
  const door = await openDoor([grant(HOST)], {
    names: { [HOST]: [[PUBLIC]] },
    servers: { [`${PUBLIC}:443`]: server.port },
  });
  const { socket } = await door.dial(`${HOST}:443`);
  const cut = once(socket, "close");
  socket.resume();
  await door.proxy.close();
  await cut;
  await expect(door.dial(`${HOST}:443`)).rejects.toThrow(/ENOENT|ECONNREFUSED/);
});

test("a hundred hosts are told as sixty-four, none of their requests lost", async () => {
  const door = await openDoor([], {});
  for (let at = 0; at < 100; at++) await door.get(`http://host-${at}.example.org/`);
  const uses = door.proxy.uses();
  expect(uses).toHaveLength(64);
  expect(uses.at(-1)).toMatchObject({ host: "(other hosts)", port: 0, requests: 37 });
});

/** What comes back until the end. */
function raw(path: string, text: string): Promise<string> {
  const socket = connect(path);
  socket.write(text);
  return textOf(socket).catch(() => "");
}

test("a client that asks for many things at once over one connection is bounded like many clients", async () => {
  const silent = await openTcpServer(() => undefined);
  const door = await openDoor([grant(HOST)], {
    names: { [HOST]: [[PUBLIC]] },
    servers: { [`${PUBLIC}:80`]: silent.port },
  });
  const client = connect(door.path);
  onTestFinished(() => void client.destroy());
  client.write(`GET http://${HOST}/ HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`.repeat(300));
  const asked = () => door.proxy.uses()[0]?.requests;
  const refused = () => door.proxy.uses()[0]?.refused;
  await expect.poll(asked).toBe(300);
  await expect.poll(refused).toMatch(/connections are open already/);
  expect(door.world.tried).toHaveLength(128);
});
