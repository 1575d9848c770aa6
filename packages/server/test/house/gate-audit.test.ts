import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { AuditRecord } from "@mainstay/sdk/audit";
import { afterEach, expect, onTestFinished, test } from "vitest";
import { StoreFault } from "../../src/kernel/errors.ts";
import type { Store } from "../../src/store/store.ts";
import { openData } from "./data-file.ts";
import { registerFolder } from "./folder.ts";
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

/** Does something once, while the intent of a command is on its way or when it has been written. */
function aroundIntent(when: "before" | "after") {
  const wish: { act: (() => Promise<unknown>) | null } = { act: null };
  const over = (store: Store): Store => ({
    ...store,
    async commit(batch) {
      const act = records(batch, "command_intent") ? wish.act : null;
      if (act !== null) wish.act = null;
      if (when === "before") await act?.();
      const commit = await store.commit(batch);
      if (when === "after") await act?.();
      return commit;
    },
  });
  return { wish, over };
}

test("a command does not run whose workspace's trust is withdrawn, or lowered by an admin, right before it", async () => {
  for (const how of ["trust", "policy"] as const)
    for (const when of ["before", "after"] as const) {
      const { wish, over } = aroundIntent(when);
      house = await openHouse({ script: obeys, overrides: { store: over } });
      const folder = await mkdtemp(join(tmpdir(), "mainstay-trusted-"));
      onTestFinished(() => rm(folder, { recursive: true, force: true }));
      const { id: workspace } = await registerFolder(house.client, folder, true);
      wish.act = () =>
        how === "trust"
          ? registerFolder(house.client, folder, false)
          : house.client.policies.set({ scope: "workspace", subject: workspace, ceiling: "ask" });
      expect(await house.ask("run touch made", { workspace })).toMatchObject({
        commands: [{ agreed_by: "policy: trusted workspace", outcome: "not_started" }],
      });
      expect(await readdir(folder)).toEqual([]);
      if (how === "trust")
        expect(recorded("command_intent")).toHaveLength(when === "before" ? 0 : 1);
      expect(recorded("command_result")).toHaveLength(recorded("command_intent").length);
      if (how === "trust" || when === "before") await house.close();
    }
});

test("a command whose last look fails did not start, and that is on record", async () => {
  let is_held = false;
  const { wish, over } = aroundIntent("after");
  const held = (store: Store): Store => ({
    ...over(store),
    query(query) {
      // What others look up meanwhile is answered.
      if (!is_held || !query.compile().sql.includes('"policy"')) return store.query(query);
      is_held = false;
      return Promise.reject(new StoreFault("a backup holds the data", { cause_kind: "held" }));
    },
  });
  house = await openHouse({ script: obeys, overrides: { store: held } });
  // What was taken away from others makes the last look ask the store.
  wish.act = async () => {
    await house.client.policies.set({ scope: "tier", subject: "free", ceiling: "ask" });
    is_held = true;
  };
  const { commands } = await house.ask("run ls");
  expect(commands).toMatchObject([{ outcome: "not_started" }]);
  expect(recorded("command_result")).toMatchObject([
    { command_id: commands[0]!.id, outcome: "not_started" },
  ]);
});

test("a command that outlives its turn is followed to its end, which is put on record", async () => {
  house = await openHouse({ script: obeys });
  const { id } = await house.client.turns.create({
    message: "run echo begun; until test -e go; do sleep 0.05; done",
  });
  await house.until(id, ({ type }) => type === "approval_requested");
  await approve();
  await house.until(id, ({ type }) => type === "output");
  damage(id, "tool_started");
  const ended = Promise.withResolvers<void>();
  const hearing = (store: Store): Store => ({
    ...store,
    async commit(batch) {
      const commit = await store.commit(batch);
      if (records(batch, "command_result")) ended.resolve();
      return commit;
    },
  });
  await house.restart({ store: hearing });
  expect(await house.client.turns.get(id)).toMatchObject({ state: "failed" });
  expect(recorded("command_result")).toEqual([]);
  const [workspace] = (await house.client.workspaces.list()).items;
  await writeFile(join(workspace!.path, "go"), "");
  await ended.promise;
  expect(recorded("command_result")).toMatchObject([
    { command_id: recorded("command_intent")[0]!.command_id, outcome: "exited", exit_code: 0 },
  ]);
});

/** Changes when an event was, and leaves its checksum. */
function damage(turn_id: string, type: string): void {
  const db = openData(house.home);
  db.prepare("update journal set at = at + 1 where turn_id = ? and type = ?").run(turn_id, type);
  db.close();
}

test("of parts that are alike one rule is made, and the trail tells of rules that there are", async () => {
  house = await openHouse({ script: obeys });
  const asked = await house.ask("run touch a; touch a");
  await approve({ remember: true });
  await settled(asked.id);
  const ids = async () => (await house.client.rules.list()).items.map((rule) => rule.id).toSorted();
  const told = () => recorded("rule_made").map(({ rule_id }) => rule_id);
  expect(await ids()).toHaveLength(1);
  expect(told().toSorted()).toEqual(await ids());
  const workspace = (await house.client.workspaces.list()).items[0]!.id;
  const twice = Array.from({ length: 8 }, () =>
    house.client.rules.add({ workspace, command: "touch b; touch c" }),
  );
  for (const { items } of await Promise.all(twice)) expect(items).toHaveLength(2);
  expect(told().toSorted()).toEqual(await ids());
});

test("what a turn asked and nobody has to decide any more is on record as void", async () => {
  house = await openHouse({ script: obeys });
  const asked = await house.ask("run touch made");
  const [approval] = (await house.client.approvals.list()).items;
  await house.client.turns.cancel(asked.id);
  expect(recorded("approval_decided")).toMatchObject([
    { approval_id: approval!.id, decision: "void", decided_by: null, cause: "cancelled" },
  ]);
  expect(await house.client.approvals.get(approval!.id)).toMatchObject({
    state: "denied",
    decided_by: null,
  });
});
