import { readFile, writeFile } from "node:fs/promises";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { textOf } from "@mainstay/fake-provider/chat-request";
import { startFakeProvider } from "@mainstay/fake-provider/fake-provider";
import { systemClock } from "@mainstay/sdk/clock";
import { afterEach, expect, onTestFinished, test } from "vitest";
import { startServer } from "../../src/assemble.ts";
import { readConfig } from "../../src/config.ts";
import { calls, clientFor, configFor, type House, openHouse, says } from "./house.ts";
import { addMember } from "./member.ts";
import { obeys } from "./obeys.ts";

let house: House | undefined;
afterEach(async () => {
  await house?.close();
  house = undefined;
});

test("without a sandbox each command is asked about, what only reads too, and no rule is offered", async () => {
  const look = { intent: "look", command: "ls" };
  house = await openHouse({
    script: [calls("shell", look), says("no"), calls("search", { pattern: "x" }), says("done")],
    config: { unsandboxed: true },
  });
  const turn = await house.ask("go");
  expect(turn.state).toBe("awaiting_approval");
  const [card] = (await house.client.approvals.list()).items;
  expect(card).toMatchObject({ network: true, rule: null, command: "ls" });
  expect(card!.reach).toContain("NO SANDBOX");
  const remembered = house.client.approvals.decide(card!.id, "approve", { remember: true });
  await expect(remembered).rejects.toMatchObject({ problem: { code: "rule_impossible" } });
  await house.client.approvals.decide(card!.id, "deny");
  await house.until(turn.id, ({ type }) => type === "settled");
  // The server's own search needs no command.
  expect((await house.ask("search")).state).toBe("done");
});

test("it is told to everybody, and on record", async () => {
  house = await openHouse({ config: { unsandboxed: true } });
  expect((await house.client.me()).banner).toContain("WITHOUT A SANDBOX");
  const { ready, checks } = await house.client.readyz();
  expect(ready).toBe(true);
  expect(checks).toContainEqual(expect.objectContaining({ name: "sandbox", ok: false }));
  const { items } = await house.client.audit.list({ kind: "unsandboxed" });
  expect(items).toHaveLength(1);
  await house.restart();
  expect((await house.client.audit.list({ kind: "unsandboxed" })).items).toHaveLength(2);
});

test("it is for one person alone: nobody is added, and it does not start where there are two", async () => {
  house = await openHouse({ config: { unsandboxed: true } });
  await expect(addMember(house, "ada")).rejects.toMatchObject({
    problem: { code: "one_person_only" },
  });
  await house.close();
  house = undefined;

  const home = await mkdtemp(join(tmpdir(), "mainstay-two-"));
  onTestFinished(() => rm(home, { recursive: true, force: true }));
  const config = configFor(home, []);
  const server = await startServer(config);
  const key = (await readFile(join(home, "owner.key"), "utf8")).trim();
  await clientFor(server.url, key).users.add({ name: "ada" });
  await server.stop("end");
  const started = startServer({ ...config, unsandboxed: true });
  await expect(started).rejects.toThrow(/one person alone, and 2 have keys/);
  // The data was let go of: it starts again as it should be.
  await (await startServer(config)).stop("end");
});

test("what was agreed to for the sandbox is asked about again without it", async () => {
  const home = await mkdtemp(join(tmpdir(), "mainstay-agreed-"));
  onTestFinished(() => rm(home, { recursive: true, force: true }));
  const model = await startFakeProvider({ script: obeys, clock: systemClock });
  onTestFinished(() => model.close());
  const config = configFor(home, [model.url]);
  const confined = await startServer(config);
  const key = (await readFile(join(home, "owner.key"), "utf8")).trim();
  const before = clientFor(confined.url, key);
  await before.pauses.set({ scope: "commands" });
  const { id } = await before.turns.create({ message: "run touch made" }, { wait_s: 60 });
  // No such program: it would do nothing, if it did run.
  const blocked = "mkfs.nothing missing";
  const { workspace_id: workspace } = await before.turns.get(id);
  const wish = { command: blocked, person: "owner", workspace, reason: "a drill" };
  const { id: override } = await before.overrides.grant(wish);
  await before.approvals.decide((await before.approvals.list()).items[0]!.id, "approve");
  for await (const { type } of before.events(id)) if (type === "parked") break;
  await confined.stop("end");

  const server = await startServer({ ...config, unsandboxed: true });
  onTestFinished(() => server.stop("end"));
  const client = clientFor(server.url, key);
  await client.pauses.lift({ scope: "commands" });
  let asked = 0;
  for await (const { type } of client.events(id))
    if ((type === "approval_requested" && ++asked === 2) || type === "settled") break;
  const [card] = (await client.approvals.list()).items;
  expect(card!.reason).toBe("asked again: owner approved that it runs in the sandbox");
  await client.turns.create({ message: `run ${blocked}` }, { wait_s: 60 });
  expect(textOf(model.requests.at(-1)!.messages.at(-1)!)).toMatch(/^Blocked: /);
  expect((await client.overrides.list()).items).toMatchObject([{ id: override, state: "open" }]);
});

test("it is refused for root, by its setting", async () => {
  const home = await mkdtemp(join(tmpdir(), "mainstay-config-"));
  onTestFinished(() => rm(home, { recursive: true, force: true }));
  await writeFile(join(home, "mainstay.json"), JSON.stringify({ unsandboxed: true }));
  const read = () => readConfig({ MAINSTAY_HOME: home });
  if (process.getuid?.() === 0) expect(read).toThrow(/unsandboxed .* root/);
  else expect(read().unsandboxed).toBe(true);
});
