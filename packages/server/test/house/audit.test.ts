import { existsSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { AuditItem } from "@mainstay/sdk/audit-trail";
import type { Turn } from "@mainstay/sdk/turn";
import { afterEach, expect, test } from "vitest";
import { auditVerify } from "../../src/commands/audit.ts";
import { openData } from "./data-file.ts";
import { calls, clientFor, type House, openHouse, says } from "./house.ts";

let house: House;
afterEach(() => house.close());

const shell = (command: string) => calls("shell", { intent: "canary-intent", command });

/** As the command line asks: the server first, the executor's own files where it knows nothing. */
const verify = (head_file: string | null = null) =>
  auditVerify({
    home: house.home,
    head_file,
    async executor(after) {
      const { items, readable } = await house.client.audit.executor(after);
      return readable ? items : null;
    },
  });

const verifyAlone = () =>
  auditVerify({ home: house.home, head_file: null, executor: async () => null });

async function approved(asked: Turn): Promise<Turn> {
  expect(asked.state).toBe("awaiting_approval");
  await house.client.approvals.decide(asked.approvals[0]!, "approve");
  await house.until(asked.id, (event) => event.type === "settled");
  return await house.client.turns.get(asked.id);
}

const kinds = (items: readonly AuditItem[]): (string | undefined)[] =>
  items.map(({ record }) => record?.kind);

test("a command is on the trail from the question to its end, and the trail agrees with the executor", async () => {
  house = await openHouse({ script: [shell("echo canary-command > made.txt"), says("Made.")] });
  const turn = await approved(await house.ask("canary-message"));
  expect(turn.state).toBe("done");
  const { items } = await house.client.audit.list({ turn: turn.id });
  expect(kinds(items)).toEqual([
    "command_result",
    "command_intent",
    "approval_decided",
    "approval_requested",
  ]);
  const [result, intent] = items;
  expect(result).toMatchObject({
    command: "echo canary-command > made.txt",
    record: { outcome: "exited", exit_code: 0, sandbox: "bubblewrap" },
  });
  expect(intent!.record).toMatchObject({
    ...{ verdict: "ask", consent: "person", agreement_id: turn.approvals[0] },
    planned_digest: turn.commands[0]!.planned_digest,
  });
  expect(await verify()).toMatchObject({ ok: true, compared: 1, faults: [] });
});

test("no content is on the trail", async () => {
  house = await openHouse({
    script: [
      calls("write_file", { intent: "canary-intent", path: "canary-path.txt", content: "canary" }),
      shell("cat canary-path.txt"),
      shell("echo canary-command; touch canary-path-2"),
      says("canary-answer"),
      shell("sudo canary-blocked"),
      says("canary-answer"),
    ],
  });
  await approved(await house.ask("canary-message"));
  await house.ask("canary-message-2");
  const list = await house.client.audit.list();
  expect(list.items.length).toBeGreaterThan(5);
  const db = new DatabaseSync(join(house.home, "mainstay.db"), { readOnly: true });
  const bodies = db.prepare("select body from audit").all();
  db.close();
  expect(bodies.length).toBe(list.items.length);
  expect(JSON.stringify(bodies)).not.toContain("canary");
});

test("where the trail cannot be written nothing runs, and the turn says so", async () => {
  house = await openHouse({
    script: [shell("echo made > marker.txt"), says("I could not.")],
  });
  const asked = await house.ask("make it");
  const db = openData(house.home);
  db.exec(`create trigger no_room before insert on audit when new.body like '%command_intent%'
    begin select raise(abort, 'no room on record'); end`);
  db.close();
  const turn = await approved(asked);
  const [workspace] = (await house.client.workspaces.list()).items;
  expect(existsSync(join(workspace!.path, "marker.txt"))).toBe(false);
  const ended = (await house.journal(turn.id)).find((event) => event.type === "tool_ended");
  expect(ended?.result).toContain("nothing runs that cannot be put on record");
  expect(turn.commands.filter(({ outcome }) => outcome === "exited")).toEqual([]);
});

test("the head is beside the data from the end of a run, and the next run goes on from it", async () => {
  house = await openHouse({ script: [shell("pwd"), says("There."), shell("pwd"), says("There.")] });
  await house.ask("where?");
  await house.restart();
  const head_file = join(house.home, "kept.head");
  await writeFile(head_file, await readFile(join(house.home, "audit.head")));
  await house.ask("where now?");
  const verdict = await verify(head_file);
  expect(verdict).toMatchObject({ ok: true, compared: 2 });
  expect(verdict.exported).toBeGreaterThanOrEqual(3);
  expect(verdict.records).toBeGreaterThan(verdict.exported!);
});

test("a changed record is named beside a running server, which signs nothing any more", async () => {
  house = await openHouse({ script: [shell("pwd"), says("There.")] });
  await house.ask("where?");
  const db = openData(house.home);
  db.exec(`update audit set body = replace(body, '"exit_code":0', '"exit_code":1')
    where kind = 'command_result'`);
  const { seq } = db.prepare("select seq from audit where kind = 'command_result'").get()!;
  db.close();
  const verdict = await verify();
  expect(verdict.ok).toBe(false);
  expect(verdict.faults[0]?.seq).toBe(seq);
  expect(verdict.faults.map(({ fault }) => fault).join()).toContain("its exit code is 1");
  await expect(house.client.audit.head()).rejects.toMatchObject({
    problem: { code: "audit_damaged" },
  });
  const { checks, ready } = await house.client.readyz();
  expect(ready).toBe(true);
  expect(checks).toContainEqual(expect.objectContaining({ name: "audit", ok: false }));
});

/** A log that tells when a start has read the whole trail, and what it said of it. */
function inspectionLog() {
  const told = Promise.withResolvers<{ level: string; fields: Record<string, unknown> }>();
  const hear = (level: string) => (fields: Record<string, unknown>, text: string) => {
    if (/^the audit trail is (damaged|what was written)/.test(text))
      told.resolve({ level, fields });
  };
  return {
    log: { info: hear("info"), warn: hear("warn"), error: hear("error") },
    told: told.promise,
  };
}

const auditOf = async () =>
  (await house.client.readyz()).checks.find(({ name }) => name === "audit");

test("a start on a trail that was changed long ago says so, signs nothing, and commands go on", async () => {
  house = await openHouse({
    script: [shell("echo a > b"), says("No."), shell("pwd"), says("There.")],
  });
  const asked = await house.ask("make it");
  await house.client.approvals.decide(asked.approvals[0]!, "deny");
  await house.until(asked.id, (event) => event.type === "settled");
  await house.client.audit.head();

  const whole = inspectionLog();
  await house.restart({ log: whole.log });
  expect(await whole.told).toMatchObject({ level: "info" });
  expect(await auditOf()).toMatchObject({ ok: true });
  expect(await house.client.audit.list()).toMatchObject({ damage: null });
  // What this start signs is signed.
  await house.client.audit.head();

  const db = openData(house.home);
  const { seq } = db.prepare("select seq from audit where kind = 'approval_decided'").get()!;
  expect(
    db.prepare("update audit set body = replace(body, 'den', 'appro') where seq = ?").run(seq!),
  ).toMatchObject({ changes: 1 });
  const signed = () => db.prepare("select count(*) as n from audit_checkpoint").get();
  const before = signed();
  const damaged = inspectionLog();
  await house.restart({ log: damaged.log });
  const words = `record ${Number(seq)}: it is not what was written there, or does not follow the record before it`;
  const detail = `${words}; see mainstay audit verify`;
  expect(await damaged.told).toEqual({ level: "error", fields: { fault: detail } });
  expect(await auditOf()).toEqual({ name: "audit", ok: false, detail });
  expect(await house.client.audit.list()).toMatchObject({ damage: detail });
  await expect(house.client.audit.head()).rejects.toMatchObject({
    problem: { code: "audit_damaged" },
  });
  expect((await house.ask("where?")).commands).toMatchObject([{ outcome: "exited" }]);
  await house.restart();
  expect(signed()).toEqual(before);
  db.close();
});

test("the trail is for admins", async () => {
  house = await openHouse();
  const { key } = await house.client.users.add({ name: "Bo" });
  const other = clientFor(house.url, key);
  const { audit } = other;
  for (const look of [() => audit.list(), () => audit.head(), () => audit.executor(0)])
    await expect(look()).rejects.toMatchObject({ problem: { code: "forbidden" } });
});

test("it is looked up by person, kind, command and time, page by page", async () => {
  house = await openHouse({ script: [shell("pwd"), says("There."), shell("ls"), says("There.")] });
  await house.ask("where?");
  await house.ask("what?");
  const { audit } = house.client;
  const me = await house.client.me();
  const { items: all } = await audit.list();
  expect(kinds(all).toReversed()[0]).toBe("server_started");
  const mine = (await audit.list({ person: me.name })).items;
  expect(mine).toEqual((await audit.list({ person: me.id })).items);
  expect(mine).toEqual(all.filter(({ record }) => record?.kind !== "server_started"));
  expect(mine[0]!.people).toEqual({ [me.id]: me.name });
  expect((await audit.list({ person: me.name.toUpperCase() })).items).toEqual(mine);
  for (const nobody of ["agent", "exited", "Nobody"])
    await expect(audit.list({ person: nobody })).rejects.toMatchObject({
      problem: { code: "not_found" },
    });
  const intents = (await audit.list({ kind: "command_intent" })).items;
  expect(intents.map(({ command }) => command)).toEqual(["ls", "pwd"]);
  const { record } = intents[0]!;
  const of = await audit.list({
    command: record?.kind === "command_intent" ? record.command_id : "",
  });
  expect(kinds(of.items)).toEqual(["command_result", "command_intent"]);
  expect((await audit.list({ until: all.at(-1)!.at })).items).toEqual([]);
  expect((await audit.list({ since: all.at(-1)!.at })).items).toEqual(all);
  const first = await audit.list({}, { limit: 2 });
  const second = await audit.list({}, { limit: 500, before: first.next! });
  expect([...first.items, ...second.items]).toEqual(all);
  expect(second.next).toBeNull();
});

test("where nobody can read the executor's chain the verdict says that it was not compared", async () => {
  house = await openHouse({ script: [shell("pwd"), says("There.")] });
  await house.ask("where?");
  const verdict = await verifyAlone();
  expect(verdict).toMatchObject({ ok: true, compared: null });
  expect(verdict.blind_to.join()).toContain("not compared with the executor's own chain");
});
