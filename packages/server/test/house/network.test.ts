import { existsSync } from "node:fs";
import { mkdir, mkdtemp, realpath, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { AuditRecord } from "@mainstay/sdk/audit";
import type { Client } from "@mainstay/sdk/client";
import { afterEach, expect, onTestFinished, test } from "vitest";
import type { Store } from "../../src/store/store.ts";
import { registerFolder } from "./folder.ts";
import { calls, type House, openHouse, says } from "./house.ts";
import { addMember } from "./member.ts";
import { obeys } from "./obeys.ts";
import { records } from "./records.ts";

let house: House;
afterEach(() => house.close());

async function folder(files: Record<string, string> = {}): Promise<string> {
  const path = await realpath(await mkdtemp(join(tmpdir(), "mainstay-network-")));
  onTestFinished(() => rm(path, { recursive: true, force: true }));
  for (const [name, text] of Object.entries(files)) await writeFile(join(path, name), text);
  return path;
}

const workspaceOf = async ({ workspaces }: Client) => (await workspaces.list()).items[0]!.id;
const pending = async () => (await house.client.approvals.list()).items[0]!;
const settled = async (turn_id: string) => {
  await house.until(turn_id, ({ type }) => type === "settled");
  return await house.client.turns.get(turn_id);
};
const approved = async (turn_id: string) => {
  await house.client.approvals.decide((await pending()).id, "approve");
  return await settled(turn_id);
};
const toldToModel = () => house.model.requests.at(-1)!.messages.at(-1)!.content;

type Kind = AuditRecord["kind"];
const recorded = async <K extends Kind>(kind: K) => {
  const { items } = await house.client.audit.list({ kind });
  return items.map(({ record }) => record as Extract<AuditRecord, { kind: K }>);
};

test("the person allows public hosts, an admin also what lies inside, and each change is on record", async () => {
  house = await openHouse({ script: obeys });
  const ada = await addMember(house, "ada");
  const bo = await addMember(house, "bo");
  await ada.client.turns.create({ message: "hello" }, { wait_s: 60 });
  const id = await workspaceOf(ada.client);
  const { network } = ada.client.workspaces;

  expect(await network.allow(id, { host: "packages.example.org" })).toMatchObject({
    ...{ host: "packages.example.org", port: null, inside: false, allowed_by: "ada" },
  });
  const inside = { host: "git.corp.example", port: 8443, inside: true };
  await expect(network.allow(id, inside)).rejects.toMatchObject({ problem: { code: "forbidden" } });
  await house.client.workspaces.network.allow(id, inside);
  const names = (await network.list(id)).items.map(({ host, port }) => `${host} ${port}`);
  expect(names).toEqual(["git.corp.example 8443", "packages.example.org null"]);

  const strange = bo.client.workspaces.network;
  for (const ask of [() => strange.list(id), () => strange.allow(id, { host: "a.example" })])
    await expect(ask()).rejects.toMatchObject({ problem: { code: "not_found" } });
  for (const host of ["127.0.0.1", "localhost", "a", "*.example", "x..example", "[::1]"])
    await expect(network.allow(id, { host })).rejects.toMatchObject({
      problem: { code: "invalid_request" },
    });

  await network.forbid(id, { host: "git.corp.example", port: 8443 });
  await expect(network.forbid(id, { host: "git.corp.example" })).rejects.toMatchObject({
    problem: { code: "not_found", detail: expect.stringContaining("is not on the list, so no") },
  });
  expect(await recorded("network_allowed")).toMatchObject([
    { host: "git.corp.example", port: 8443, inside: true },
    { host: "packages.example.org", port: null, inside: false },
  ]);
  expect(await recorded("network_forbidden")).toMatchObject([{ host: "git.corp.example" }]);
});

test("names of this machine are never allowed, those inside by an admin; what is listed is named", async () => {
  house = await openHouse({ script: obeys });
  await house.ask("hello");
  const id = await workspaceOf(house.client);
  const { network } = house.client.workspaces;
  const here = ["localhost.localdomain", "a.localhost", "metadata.google.internal"];
  for (const host of here)
    for (const inside of [false, true])
      await expect(network.allow(id, { host, inside }), host).rejects.toMatchObject({
        problem: { code: "invalid_request", detail: expect.stringContaining("never reach") },
      });
  for (const host of ["git.corp.internal", "*.lan.local"]) {
    await expect(network.allow(id, { host }), host).rejects.toMatchObject({
      problem: { detail: expect.stringContaining(`network allow ${host} --inside`) },
    });
    await network.allow(id, { host, inside: true });
  }
  await network.allow(id, { host: "packages.example.org", port: 443 });
  await expect(network.forbid(id, { host: "packages.example.org" })).rejects.toMatchObject({
    problem: {
      detail:
        "packages.example.org with ports 80 and 443 is not on the list, but packages.example.org with port 443 is; " +
        "take it back with: mainstay workspace network forbid packages.example.org:443",
    },
  });
});

test("a workspace has a bounded number of hosts", async () => {
  house = await openHouse({ script: obeys });
  await house.ask("hello");
  const id = await workspaceOf(house.client);
  const { network } = house.client.workspaces;
  for (let n = 0; n < 56; n++) await network.allow(id, { host: `h${n}.example.org` });
  await expect(network.allow(id, { host: "one.example.org" })).rejects.toMatchObject({
    problem: { code: "too_many_hosts" },
  });
  await network.allow(id, { host: "h7.example.org" });
});

test("a card names the hosts; agreeing covers these, also where more are allowed meanwhile", async () => {
  house = await openHouse({ script: obeys });
  await house.ask("hello");
  const id = await workspaceOf(house.client);
  const { network } = house.client.workspaces;
  await network.allow(id, { host: "one.example.org" });
  const turn = await house.ask("run touch made");
  const card = await pending();
  expect(card).toMatchObject({ network: true, opens: null, hosts: [{ host: "one.example.org" }] });
  expect(card.says).toContain("may reach one.example.org, and nothing else");
  expect(card.reach).toContain("with a network of exactly these hosts");
  await network.allow(id, { host: "two.example.org" });
  await approved(turn.id);
  await house.ask("run ls");
  const [ls, touch] = await recorded("command_intent");
  expect(touch).toMatchObject({ hosts: 1, consent: "person" });
  // What only reads has no network, whatever the workspace allows.
  expect(ls).not.toHaveProperty("hosts");
});

const has_curl = existsSync("/usr/bin/curl");

test.skipIf(!has_curl)(
  `what a command was kept from is told to the model, and on record${has_curl ? "" : " (NOT RUN: no curl)"}`,
  async () => {
    house = await openHouse({ script: obeys });
    const turn = await house.ask("run curl -sSf http://wanted.example/x; exit 7");
    expect((await pending()).says).toContain(
      "needs the network, and no host is allowed here: it will say which it wanted",
    );
    await approved(turn.id);
    expect(toldToModel()).toMatch(/\[kept from wanted\.example:80: /);
    expect(toldToModel()).toContain('{"hosts":["wanted.example:80"],"folders":[]}');
    expect(await recorded("command_intent")).toMatchObject([{ hosts: 0 }]);
    const { command_id } = (await recorded("command_intent"))[0]!;
    expect(await recorded("command_network")).toMatchObject([
      { command_id, host: "wanted.example", port: 80, methods: ["GET"], refused: true },
    ]);
  },
);

test("a host that is forbidden right before the order keeps its command from beginning", async () => {
  let forbid: (() => Promise<void>) | null = null;
  const forbidding = (store: Store): Store => ({
    ...store,
    async commit(batch) {
      const commit = await store.commit(batch);
      const now = records(batch, "command_intent") ? forbid : null;
      if (now !== null) forbid = null;
      await now?.();
      return commit;
    },
  });
  house = await openHouse({ script: obeys, overrides: { store: forbidding } });
  await house.ask("hello");
  const id = await workspaceOf(house.client);
  const { network } = house.client.workspaces;
  await network.allow(id, { host: "one.example.org" });
  const turn = await house.ask("run touch made");
  forbid = () => network.forbid(id, { host: "one.example.org" });
  expect(await approved(turn.id)).toMatchObject({ commands: [{ outcome: "not_started" }] });
  expect(toldToModel()).toContain("taken back: the host one.example.org");
});

test("what opens something asks, also what is safe or in a trusted workspace, and opens it once", async () => {
  const [mine, other] = [await folder(), await folder({ secret: "seen\n" })];
  const open = { folders: [other], hosts: ["Packages.example.org:443"] };
  const cat = { intent: "look", command: `cat ${other}/secret` };
  house = await openHouse({
    script: [calls("shell", { ...cat, open }), calls("shell", cat), says("done")],
  });
  await registerFolder(house.client, mine, true);
  await registerFolder(house.client, other, false);
  const turn = await house.ask("go", { workspace: mine });
  const card = await pending();
  const host = { host: "packages.example.org", port: 443, inside: false };
  expect(card).toMatchObject({ opens: { folders: [other], hosts: [host] }, rule: null });
  expect(card.says).toContain(`lets it read all of ${other}, for this one command`);
  expect(card.says).toContain("opens the host packages.example.org:443, for this one command");
  const remembered = house.client.approvals.decide(card.id, "approve", { remember: true });
  await expect(remembered).rejects.toMatchObject({ problem: { code: "rule_impossible" } });
  await approved(turn.id);
  const results = house.model.requests.at(-1)!.messages.filter(({ role }) => role === "tool");
  expect(results[0]!.content).toMatch(/^seen\n\[exit 0/);
  expect(results[1]!.content).toMatch(/No such file or directory[^]*call again with open/);
  const [second, first] = await recorded("command_intent");
  expect(first).toMatchObject({ consent: "person", hosts: 1, opened: { hosts: [{ port: 443 }] } });
  expect(first!.opened!.workspaces).toHaveLength(1);
  expect(second).toMatchObject({ consent: "trust" });
  expect(second).not.toHaveProperty("opened");
});

test("a word to open a folder is none for another that takes its place", async () => {
  const [mine, other] = [await folder(), await folder({ secret: "the first one\n" })];
  const look = { intent: "look", command: `cat ${other}/secret`, open: { folders: [other] } };
  house = await openHouse({ script: [calls("shell", look), says("done")] });
  await registerFolder(house.client, mine, true);
  await registerFolder(house.client, other, false);
  const turn = await house.ask("go", { workspace: mine });
  await house.client.pauses.set({ scope: "commands" });
  await house.client.approvals.decide((await pending()).id, "approve");
  await house.until(turn.id, ({ type }) => type === "parked");
  await rename(other, `${other}-away`);
  onTestFinished(() => rm(`${other}-away`, { recursive: true, force: true }));
  await mkdir(other);
  await writeFile(join(other, "secret"), "the second one\n");
  await registerFolder(house.client, other, false);
  await house.client.pauses.lift({ scope: "commands" });
  let asked = 0;
  await house.until(turn.id, ({ type }) => type === "approval_requested" && ++asked === 2);
  expect((await pending()).reason).toContain("approved that it opens something else");
  await approved(turn.id);
  expect(house.model.requests.at(-1)!.messages.at(-1)!.content).toMatch(/^the second one/);
});

test("nothing is opened but the person's own workspaces: not the system, not another's, not what holds this one", async () => {
  const [ours, mine, hers] = [await folder(), await folder(), await folder()];
  const script = ["/etc", "/root/.ssh", ours, hers, mine].map((path) =>
    calls("shell", { intent: "look", command: "ls", open: { folders: [path] } }),
  );
  house = await openHouse({ script: [...script, says("done")] });
  const ada = await addMember(house, "ada");
  await registerFolder(house.client, mine, true);
  await registerFolder(house.client, hers, false);
  expect(ada.client).toBeDefined();
  const turn = await house.ask("go", { workspace: mine });
  // Hers is the same person's here: that alone asks.
  expect((await pending()).opens).toEqual({ hosts: [], folders: [hers] });
  await approved(turn.id);
  const told = house.model.requests.at(-1)!.messages.filter(({ role }) => role === "tool");
  const refused = told.filter(({ content }) => `${content as string}`.startsWith("Refused: "));
  expect(refused).toHaveLength(4);
  expect(refused[0]!.content).toContain("mainstay workspace add /etc");
  expect(toldToModel()).toContain("it lies in the workspace");
});

test("without a model the command is proposed again with what it lacked, and a person decides", async () => {
  const [mine, other] = [await folder(), await folder({ notes: "from the other folder\n" })];
  house = await openHouse({ script: null });
  await registerFolder(house.client, mine, true);
  await registerFolder(house.client, other, false);
  const turn = await house.ask(`!cat ${other}/notes`, { workspace: mine });
  expect(turn.state).toBe("awaiting_approval");
  expect((await pending()).opens).toEqual({ hosts: [], folders: [other] });
  const { answer } = await approved(turn.id);
  expect(answer).toContain("No such file or directory");
  expect(answer).toContain("from the other folder");
});
