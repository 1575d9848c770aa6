/** The hosts that a folder's commands may reach, from the command line. */
import type { NetworkGrant } from "@mainstay/sdk/network";
import { expect, test } from "vitest";
import { answers, refuses } from "../../sdk/test/scripted-server.ts";
import { runHere } from "./run-here.ts";
import { folder, start, useScriptedRuns } from "./scripted-runs.ts";

useScriptedRuns();

const npm: NetworkGrant = {
  ...{ host: "packages.example.org", port: 443, inside: false, allowed_by: "Ada\u001b[2J" },
  allowed_at: "2026-01-01T00:00:00.000Z",
};
const inside: NetworkGrant = { ...npm, host: "*.corp.example", port: null, inside: true };
const route = "/v1/workspaces/ws_here/network";

/** An agent with the folder that one stands in, and another. */
const started = (routes: Parameters<typeof start>[1]) =>
  start(() => undefined, routes).then((agent) => {
    const rest = { private: false, trusted: false, created_at: "" };
    agent.workspaces.push({ id: "ws_here", path: folder, ...rest });
    agent.workspaces.push({ id: "ws_there", path: `${folder}/there`, ...rest });
    return agent;
  });

test("hosts are listed with their ports, who said so, and what lies inside", async () => {
  const agent = await started({ [`GET ${route}`]: answers({ items: [npm, inside], next: null }) });
  expect(await runHere(["workspace", "network"], agent)).toMatchObject({
    code: 0,
    out: [
      "packages.example.org:443  by Ada\\u{1b}[2J on 2026-01-01",
      "*.corp.example (ports 80 and 443), also at an address inside  by Ada\\u{1b}[2J on 2026-01-01",
      "",
    ].join("\n"),
  });
});

test("a host is allowed in the folder that one stands in, or the named one, and taken back", async () => {
  const agent = await started({
    [`POST ${route}`]: answers(npm),
    "POST /v1/workspaces/ws_there/network": answers(inside),
    "POST /v1/workspaces/ws_others/network": refuses({ status: 404, code: "not_found" }),
    [`DELETE ${route}`]: (_, response) => void response.writeHead(204).end(),
  });
  const network = (...args: string[]) => runHere(["workspace", "network", ...args], agent);
  expect(await network("allow", "Packages.example.org:443")).toMatchObject({
    code: 0,
    out: "Commands there may reach packages.example.org:443.\n",
  });
  const there = ["--workspace", "there", "--inside"];
  expect(await network("allow", "*.corp.example", ...there)).toMatchObject({ code: 0 });
  expect(await network("allow", "a.example", "--workspace", "ws_others")).toMatchObject({
    code: 1,
  });
  expect(await network("forbid", "packages.example.org")).toMatchObject({
    code: 0,
    out: "No command there reaches packages.example.org (ports 80 and 443) from now on.\n",
  });
  const sent = agent.server.requests.filter(({ method }) => method !== "GET");
  expect(sent.map(({ method, path, body }) => [method, path, body])).toEqual([
    ["POST", route, { host: "packages.example.org", port: 443 }],
    ["POST", "/v1/workspaces/ws_there/network", { host: "*.corp.example", inside: true }],
    ["POST", "/v1/workspaces/ws_others/network", { host: "a.example" }],
    ["DELETE", `${route}?host=packages.example.org`, undefined],
  ]);
});

test.for([
  "10.0.0.1",
  "localhost",
  "https://a.example/",
  "a.example:0",
  "a.example:99999",
  "",
  "[::1]",
])("%j is no host, and nobody is asked", async (text) => {
  const agent = await started({});
  const { code, err } = await runHere(["workspace", "network", "allow", text], agent);
  expect({ code, err }).toEqual({
    code: 2,
    err: expect.stringContaining("never an address or a URL"),
  });
  expect(agent.server.requests).toEqual([]);
});

test.for(["10.0.0.3", "10.0.0.3:8080", "[::1]", "fd00::1"])(
  "%j is an address, which --inside does not open either",
  async (text) => {
    const agent = await started({});
    const allowed = await runHere(["workspace", "network", "allow", text, "--inside"], agent);
    expect(allowed).toMatchObject({
      code: 2,
      err: expect.stringContaining("is an address, and only names can be allowed, also with"),
    });
  },
);

test("in a folder that is not added it says how it is added", async () => {
  const agent = await start(() => undefined, {});
  const { code, err } = await runHere(["workspace", "network"], agent);
  expect({ code, err }).toEqual({
    code: 2,
    err: expect.stringContaining("add it with: mainstay workspace add"),
  });
});
