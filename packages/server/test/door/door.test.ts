import { ProblemCode } from "@mainstay/sdk/problem";
import { Me, type Readiness } from "@mainstay/sdk/resources";
import { expect, test } from "vitest";
import { z } from "zod";
import { endpoint } from "../../src/door/endpoint.ts";
import { problemOf } from "../../src/door/problems.ts";
import { livez } from "../../src/door/routes/livez.ts";
import { me } from "../../src/door/routes/me.ts";
import { readyz } from "../../src/door/routes/readyz.ts";
import { Refusal, StoreFault } from "../../src/kernel/errors.ts";
import { handClock } from "./hand-clock.ts";
import { openDoor, problemIn } from "./open-door.ts";

const unpaused = { person: () => null };
const ok = { 200: { description: "Done", body: z.object({ id: z.string() }) } };
const adminOnly = endpoint(
  { method: "get", path: "/admin", summary: "For admins", auth: "admin", responses: ok },
  async ({ person }) => ({ status: 200, body: { id: person.id } }),
);
const item = endpoint(
  {
    method: "get",
    path: "/items/{id}",
    summary: "One item",
    auth: "person",
    params: z.strictObject({ id: z.string().max(5) }),
    responses: ok,
  },
  async ({ params }) => ({ status: 200, body: params, headers: { "x-own": "1" } }),
);
const failing = (error: unknown) =>
  endpoint(
    { method: "get", path: "/fail", summary: "Fails", auth: "none", responses: ok },
    async () => {
      throw error;
    },
  );

const found: Readiness = {
  ready: true,
  level: "offline",
  version: "0.0.0",
  checks: [{ name: "store", ok: true, detail: "open" }],
};

test("a key opens what needs one; without, with a wrong or a malformed one it is 401", async () => {
  await using house = await openDoor({ endpoints: [me(unpaused, null)] });
  const mine = await house.ask({ path: "/v1/me" });
  expect([mine.status, JSON.parse(mine.text)]).toMatchObject([
    200,
    { name: "owner", role: "admin", tier: "pro" },
  ]);
  const wrong = house.key.replace(/.{3}$/, "AAA");
  for (const key of [null, wrong, "", "x", "mst_", `${house.key} x`, "é".repeat(9)]) {
    const reply = await house.ask({ path: "/v1/me", key: key && encodeURI(key) });
    expect(problemIn(reply).code).toBe("unauthenticated");
    expect(reply.headers["www-authenticate"]).toBe("Bearer");
  }
  const basic = await house.ask({
    path: "/v1/me",
    key: null,
    headers: { authorization: `Basic ${house.key}` },
  });
  expect(basic.status).toBe(401);
});

test("a stranger's body is not judged before the key", async () => {
  const endpoints = [
    endpoint(
      { method: "post", path: "/x", summary: "x", auth: "person", body: z.null(), responses: ok },
      async ({ person }) => ({ status: 200, body: { id: person.id } }),
    ),
  ];
  await using house = await openDoor({ endpoints });
  const reply = await house.ask({
    method: "POST",
    path: "/x",
    body: "x".repeat(5_000_000),
    key: null,
  });
  expect(problemIn(reply).code).toBe("unauthenticated");
});

test("a revoked key is without effect within a second", async () => {
  const { clock, pass } = handClock();
  await using house = await openDoor({ endpoints: [me(unpaused, null)], clock });
  expect((await house.ask({ path: "/v1/me" })).status).toBe(200);
  const { store } = house;
  const revoke = store.sql.updateTable("api_key").set({ revoked_at: 1 }).compile();
  await store.commit({ writes: [revoke] });
  await pass(999);
  expect((await house.ask({ path: "/v1/me" })).status).toBe(401);
});

test("an admin's endpoint refuses others", async () => {
  await using house = await openDoor({ endpoints: [adminOnly] });
  expect((await house.ask({ path: "/admin" })).status).toBe(200);
  const { key } = await house.addPerson("member", 2);
  expect(problemIn(await house.ask({ path: "/admin", key })).code).toBe("forbidden");
});

test("unknown paths and methods are problems, with Allow", async () => {
  await using house = await openDoor({ endpoints: [me(unpaused, null), item] });
  expect(problemIn(await house.ask({ path: "/v2" })).code).toBe("not_found");
  for (const method of ["DELETE", "POST", "OPTIONS", "PUT", "PROPFIND"]) {
    const reply = await house.ask({ method, path: "/items/a" });
    expect([problemIn(reply).code, reply.headers["allow"]]).toEqual([
      "method_not_allowed",
      "GET, HEAD",
    ]);
  }
  expect((await house.ask({ method: "HEAD", path: "/v1/me" })).status).toBe(200);
});

test("path parameters are judged, headers of an answer arrive", async () => {
  await using house = await openDoor({ endpoints: [item] });
  const reply = await house.ask({ path: "/items/a%2Fb" });
  expect([JSON.parse(reply.text), reply.headers["x-own"]]).toEqual([{ id: "a/b" }, "1"]);
  const long = problemIn(await house.ask({ path: "/items/123456" }));
  expect(long.detail).toContain("`/id` of the path must be text of at most 5 characters");
  expect((await house.ask({ path: "/items/%zz" })).status).toBe(200);
});

test("only loopback names with the port, and configured names, are answered", async () => {
  await using house = await openDoor({ endpoints: [livez()], host_names: ["agent.example"] });
  const { port } = new URL(house.url);
  const statusFor = async (host: string, path = "/livez") =>
    (await house.ask({ path, headers: { host } })).status;
  for (const host of [
    `127.0.0.1:${port}`,
    `LOCALHOST:${port}`,
    `[::1]:${port}`,
    "agent.example",
    "agent.example:443",
  ]) {
    expect([host, await statusFor(host)]).toEqual([host, 200]);
  }
  for (const host of [
    "evil.example",
    `evil.example:${port}`,
    "127.0.0.1",
    "localhost:1",
    `127.0.0.1.evil.example:${port}`,
    `localhost.:${port}`,
    `evil@127.0.0.1:${port}`,
    `0.0.0.0:${port}`,
    `2130706433:${port}`,
  ]) {
    const reply = await house.ask({ path: "/livez", headers: { host } });
    expect([host, problemIn(reply).status]).toEqual([host, host.includes("@") ? 400 : 421]);
  }
  expect(await statusFor("evil.example", "/nowhere")).toBe(421);
  const absolute = await house.ask({ path: `http://evil.example:${port}/livez` });
  expect(problemIn(absolute).code).toBe("misdirected_host");
});

test("over the Unix socket any Host is answered", async () => {
  await using house = await openDoor({ endpoints: [livez()] });
  const reply = await house.ask({ path: "/livez", over: "local", headers: { host: "mainstay" } });
  expect(reply.status).toBe(200);
});

test("answers carry the security headers and nothing for other origins", async () => {
  await using house = await openDoor({
    endpoints: [livez(), me(unpaused, null), failing(new Error("x"))],
  });
  for (const path of ["/livez", "/v1/me", "/nowhere", "/fail"]) {
    const { headers } = await house.ask({ path, headers: { origin: "http://evil.example" } });
    expect(headers).toMatchObject({
      "x-content-type-options": "nosniff",
      "cache-control": "no-store",
      "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    });
    const names = Object.keys(headers);
    expect(names.filter((name) => /^access-control|^set-cookie|^x-powered/.test(name))).toEqual([]);
  }
});

test("what nobody foresaw is told to the operator, the client gets its id", async () => {
  const error = new Error("secret detail");
  await using house = await openDoor({ endpoints: [failing(error)] });
  const reply = await house.ask({ path: "/fail?key=1" });
  expect(problemIn(reply).code).toBe("internal");
  expect(reply.text).not.toContain("secret");
  expect(house.faults).toEqual([{ id: expect.any(String), method: "GET", path: "/fail", error }]);
  expect(reply.text).toContain(house.faults[0]?.id);
});

test("a store that takes nothing is 503 with Retry-After", async () => {
  await using house = await openDoor({ endpoints: [failing(new StoreFault("disk full"))] });
  const reply = await house.ask({ path: "/fail" });
  expect([problemIn(reply).code, reply.headers["retry-after"]]).toEqual([
    "storage_unavailable",
    "5",
  ]);
});

test("a store at fault says which of its faults it is, and the log has no line for each request", async () => {
  for (const [cause_kind, code, status] of [
    ["disk_full", "disk_full", 507],
    ["io", "storage_unavailable", 503],
    ["held", "storage_unavailable", 503],
    ["displaced", "storage_unavailable", 503],
  ] as const) {
    await using house = await openDoor({
      endpoints: [failing(new StoreFault("SQLite 13", { cause_kind }))],
    });
    const reply = await house.ask({ path: "/fail" });
    expect([reply.status, problemIn(reply).code, reply.headers["retry-after"]]).toEqual([
      status,
      code,
      "5",
    ]);
    expect(reply.text).not.toContain("SQLite");
    expect(house.faults).toEqual([]);
  }
});

test("a refusal carries what it knows", async () => {
  const refusal = new Refusal("too_many_waiting", "Wait.", { retry_after_s: 1.2 });
  await using house = await openDoor({ endpoints: [failing(refusal)] });
  const reply = await house.ask({ path: "/fail" });
  expect([reply.status, reply.headers["retry-after"]]).toEqual([429, "2"]);
  expect(problemIn(reply)).toMatchObject({ code: "too_many_waiting", retry_after_s: 1.2 });
});

test("every code has a status of its own kind and a title", () => {
  expect(ProblemCode.options.length).toBeGreaterThan(15);
  for (const code of ProblemCode.options) {
    const { status, title } = problemOf(new Refusal(code, ""));
    expect([code, status >= 400 && status < 600, title !== ""]).toEqual([code, true, true]);
  }
});

test("readiness: the verdict for anyone, the details for people with a key", async () => {
  let now = found;
  let looks = 0;
  await using house = await openDoor();
  const health = {
    verdict: async () => ({ ready: now.ready, level: now.level }),
    readiness: async () => ((looks += 1), now),
  };
  const endpoints = [readyz(health, house.identity.authenticate)];
  await using ready = await openDoor({ endpoints });
  const verdict = await ready.ask({ path: "/readyz", key: null });
  expect([verdict.status, JSON.parse(verdict.text)]).toEqual([
    200,
    { ready: true, level: "offline" },
  ]);
  const details = await ready.ask({ path: "/readyz?verbose", key: house.key });
  expect(JSON.parse(details.text)).toEqual(found);
  const stranger = await ready.ask({ path: "/readyz?verbose", key: null });
  expect(problemIn(stranger).code).toBe("unauthenticated");
  expect(looks, "what is asked by anyone costs little").toBe(1);
  now = { ...found, ready: false, level: "read-only" };
  expect((await ready.ask({ path: "/readyz", key: null })).status).toBe(503);
});

test("the OpenAPI document has every endpoint with its schemas and problems", async () => {
  await using house = await openDoor({ endpoints: [livez(), me(unpaused, null), item] });
  const document = JSON.parse((await house.ask({ path: "/openapi.json", key: null })).text);
  expect(document.openapi).toBe("3.1.0");
  expect(Object.keys(document.paths)).toEqual(["/livez", "/v1/me", "/items/{id}", "/openapi.json"]);
  expect(document.paths["/items/{id}"].get).toMatchObject({
    security: [{ key: [] }],
    parameters: [{ name: "id", in: "path", required: true, schema: { maxLength: 5 } }],
    responses: {
      200: { content: { "application/json": { schema: { required: ["id"] } } } },
      default: { content: { "application/problem+json": {} } },
    },
  });
  expect(document.components.schemas.Problem.properties.code.enum).toEqual(ProblemCode.options);
  expect(document.paths["/livez"].get.security).toEqual([]);
});

test("within the process the door answers as over its socket", async () => {
  await using house = await openDoor({ endpoints: [me(unpaused, null)] });
  const response = await house.door.fetch(
    new Request("http://in.process/v1/me", { headers: { authorization: `Bearer ${house.key}` } }),
  );
  expect([response.status, Me.parse(await response.json()).name]).toEqual([200, "owner"]);
});
