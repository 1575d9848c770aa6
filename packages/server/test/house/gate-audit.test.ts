import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { AuditRecord } from "@mainstay/sdk/audit";
import { afterEach, expect, test } from "vitest";
import { StoreFault } from "../../src/kernel/errors.ts";
import type { Store } from "../../src/store/store.ts";
import { type House, openHouse } from "./house.ts";
import { obeys } from "./obeys.ts";
import { records } from "./records.ts";

let house: House;
afterEach(() => house.close());

function trail(): AuditRecord[] {
  const db = new DatabaseSync(join(house.home, "mainstay.db"), { readOnly: true });
  const rows = db.prepare("select body from audit order by seq").all();
  db.close();
  return rows.map(({ body }) => JSON.parse(String(body)) as AuditRecord);
}
const recorded = <K extends AuditRecord["kind"]>(kind: K) =>
  trail().filter((record): record is Extract<AuditRecord, { kind: K }> => record.kind === kind);

const settled = (turn_id: string) => house.until(turn_id, ({ type }) => type === "settled");
const approve = async (how: { remember?: boolean } = {}) => {
  const [approval] = (await house.client.approvals.list()).items;
  await house.client.approvals.decide(approval!.id, "approve", how);
  return approval!;
};

test("each command is on record, before it began and after it ended, with who agreed", async () => {
  house = await openHouse({ script: obeys });
  await house.ask("run ls");
  const asked = await house.ask("run touch made");
  const approval = await approve();
  await settled(asked.id);
  const { id: owner } = await house.client.me();
  const turn = await house.client.turns.get(asked.id);
  const [command] = turn.commands;
  expect(recorded("command_intent")).toMatchObject([
    { verdict: "safe", consent: "policy", agreed_by: null, agreement_id: null },
    {
      ...{ command_id: command!.id, turn_id: asked.id, planned_digest: command!.planned_digest },
      ...{ verdict: "ask", consent: "person", agreed_by: owner, agreement_id: approval.id },
    },
  ]);
  expect(recorded("command_result")).toMatchObject([
    { outcome: "exited", exit_code: 0 },
    {
      ...{ command_id: command!.id, outcome: "exited", exit_code: 0, sandbox: "bubblewrap" },
      ...{ executed_digest: command!.planned_digest, output_sha256: command!.output_sha256 },
    },
  ]);
  expect(trail().map(({ kind }) => kind)).toEqual(
    expect.arrayContaining(["approval_requested", "approval_decided"]),
  );
  expect(recorded("approval_decided")).toMatchObject([
    { approval_id: approval.id, decision: "approve", decided_by: owner },
  ]);
});

test("what does not run is on record too, with the reason's name", async () => {
  house = await openHouse({ script: obeys });
  const asked = await house.ask("run touch made");
  const [approval] = (await house.client.approvals.list()).items;
  await house.client.approvals.decide(approval!.id, "deny");
  await settled(asked.id);
  await house.ask("run rm -rf /");
  await house.client.policies.set({ scope: "person", subject: "owner", ceiling: "none" });
  await house.ask("run ls");
  expect(recorded("command_refused").map(({ code }) => code)).toEqual([
    "denied",
    "blocked",
    "policy",
  ]);
  expect(recorded("command_intent")).toEqual([]);
});

test("where the trail takes no intent nothing runs", async () => {
  const refusing = (store: Store): Store => ({
    ...store,
    commit: (batch) =>
      records(batch, "command_intent")
        ? Promise.reject(new StoreFault("the trail is full"))
        : store.commit(batch),
  });
  house = await openHouse({ script: obeys, overrides: { store: refusing } });
  const asked = await house.ask("run touch made");
  await approve();
  await settled(asked.id);
  expect(await house.client.turns.get(asked.id)).toMatchObject({
    commands: [{ outcome: "not_started", executed_digest: null }],
  });
  const [workspace] = (await house.client.workspaces.list()).items;
  expect(await readdir(workspace!.path)).toEqual([]);
});

test("a command has ended for nobody before its result is on record, also across a restart", async () => {
  const tried = Promise.withResolvers<void>();
  const refusing = (store: Store): Store => ({
    ...store,
    async commit(batch) {
      if (!records(batch, "command_result")) return await store.commit(batch);
      tried.resolve();
      throw new StoreFault("no room", { cause_kind: "disk_full" });
    },
  });
  house = await openHouse({ script: obeys, overrides: { store: refusing } });
  const { id } = await house.client.turns.create({ message: "run touch made" });
  await house.until(id, ({ type }) => type === "approval_requested");
  await approve();
  await tried.promise;
  expect((await house.client.turns.get(id)).commands).toMatchObject([{ outcome: "running" }]);
  expect(recorded("command_result")).toEqual([]);
  await house.restart({});
  await settled(id);
  const { commands } = await house.client.turns.get(id);
  expect(commands).toMatchObject([{ outcome: "exited", exit_code: 0 }]);
  expect(recorded("command_result")).toMatchObject([
    { command_id: commands[0]!.id, outcome: "exited", exit_code: 0 },
  ]);
  expect(recorded("command_intent"), "and it ran once").toHaveLength(1);
});

test("a command whose rule is revoked before its intent, or between intent and ticket, does not run", async () => {
  for (const when of ["before", "after"] as const) {
    let revoke: (() => Promise<unknown>) | null = null;
    const revoking = (store: Store): Store => ({
      ...store,
      async commit(batch) {
        const now = records(batch, "command_intent") ? revoke : null;
        if (now !== null) revoke = null;
        if (when === "before") await now?.();
        const commit = await store.commit(batch);
        if (when === "after") await now?.();
        return commit;
      },
    });
    house = await openHouse({ script: obeys, overrides: { store: revoking } });
    const first = await house.ask("run touch made");
    await approve({ remember: true });
    await settled(first.id);
    const [rule] = (await house.client.rules.list()).items;
    revoke = () => house.client.rules.revoke(rule!.id);
    expect(await house.ask("run touch made")).toMatchObject({
      commands: [{ outcome: "not_started" }],
    });
    expect(recorded("command_intent")).toHaveLength(when === "before" ? 1 : 2);
    if (when === "before") await house.close();
  }
});
