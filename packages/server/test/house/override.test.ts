import { textOf } from "@mainstay/fake-provider/chat-request";
import type { Store } from "../../src/store/store.ts";
import { afterEach, expect, test } from "vitest";
import { calls, type House, openHouse, says } from "./house.ts";
import { addMember } from "./member.ts";
import { obeys } from "./obeys.ts";
import { records } from "./records.ts";

let house: House;
afterEach(() => house.close());

const BLOCKED = "rm -rf /";
const toldToModel = () => textOf(house.model.requests.at(-1)!.messages.at(-1)!);

/** The call that was blocked, as the answer to it names it. */
function blockedCall() {
  const told = /mainstay override (\S+) (\d+) (\S+) --reason/.exec(toldToModel())!;
  return { turn_id: told[1]!, step: Number(told[2]), call_id: told[3]! };
}

test("a blocked command ends its call at once; an admin lets exactly it run, once", async () => {
  house = await openHouse({ script: obeys });
  const { overrides, rules } = house.client;
  expect(await house.ask(`run ${BLOCKED}`)).toMatchObject({ state: "done", commands: [] });
  expect(toldToModel()).toMatch(/^Blocked: /);
  const override = await overrides.grant({ ...blockedCall(), reason: "a drill" });
  expect(override).toMatchObject({
    command: BLOCKED,
    state: "open",
    reason: "a drill",
    granted_by: "owner",
    findings: expect.arrayContaining([expect.objectContaining({ verdict: "blocked" })]),
  });
  await house.ask(`run ${BLOCKED} --no-preserve-root`);
  expect(toldToModel(), "other bytes").toMatch(/^Blocked: /);
  const ran = await house.ask(`run ${BLOCKED}`);
  expect(ran.commands).toMatchObject([
    { verdict: "blocked", agreed_by: "override by owner", outcome: "exited" },
  ]);
  expect(ran.commands[0]!.executed_digest).toBe(ran.commands[0]!.planned_digest);
  expect((await overrides.list()).items).toMatchObject([
    { id: override.id, state: "used", used_by: { turn_id: ran.id } },
  ]);
  await house.ask(`run ${BLOCKED}`);
  expect(toldToModel(), "a second time").toMatch(/^Blocked: /);
  expect((await rules.list()).items).toEqual([]);
});

test("of a blocked command that would open something it is told that no override covers that", async () => {
  const open = { hosts: ["packages.example.org"] };
  const call = calls("shell", { intent: "drill", command: BLOCKED, open });
  house = await openHouse({ script: [call, says("done")] });
  await house.ask("go");
  expect(toldToModel()).toContain("then ask for it again without `open`: it runs once");
});

/** Commands are on their way to their intent together, as many as there are racers. */
function atOnce(racers: number): (store: Store) => Store {
  const all = Promise.withResolvers<void>();
  let arrived = 0;
  return (store) => ({
    ...store,
    async commit(batch) {
      if (records(batch, "command_intent")) {
        if (++arrived === racers) all.resolve();
        await all.promise;
      }
      return await store.commit(batch);
    },
  });
}

test("of calls that race for one override one gets it", async () => {
  const racers = 5;
  house = await openHouse({ script: obeys, overrides: { store: atOnce(racers) } });
  await house.ask(`run ${BLOCKED}`);
  await house.client.overrides.grant({ ...blockedCall(), reason: "a drill" });
  const turns = await Promise.all(
    Array.from({ length: racers }, () => house.ask(`run ${BLOCKED}`)),
  );
  const outcomes = turns.flatMap(({ commands }) => commands.map(({ outcome }) => outcome));
  expect(outcomes.toSorted()).toEqual(["exited", ...Array(racers - 1).fill("not_started")]);
});

test("an override is for blocked commands, for one person in one of their workspaces", async () => {
  house = await openHouse({ script: obeys });
  const ada = await addMember(house, "ada");
  const turn = await ada.client.turns.create({ message: `run ${BLOCKED}` }, { wait_s: 60 });
  const { id: person } = await ada.client.me();
  const place = { workspace: turn.workspace_id, person, reason: "a drill" };
  const { overrides } = house.client;
  await expect(overrides.grant({ ...place, command: "touch x" })).rejects.toMatchObject({
    problem: { code: "override_impossible", status: 422 },
  });
  const owner = (await house.client.me()).id;
  await expect(
    overrides.grant({ ...place, person: owner, command: BLOCKED }),
  ).rejects.toMatchObject({ problem: { code: "not_found" } });
  const { workspace_path } = await overrides.grant({ ...place, command: BLOCKED });
  const by_name = { ...place, workspace: workspace_path, person: "ADA", command: BLOCKED };
  expect(await overrides.grant(by_name)).toMatchObject({
    ...{ person: { id: person, name: "ada" }, workspace_id: turn.workspace_id },
  });
  expect(await house.ask(`run ${BLOCKED}`), "another person").toMatchObject({ commands: [] });
  const ran = await ada.client.turns.create({ message: `run ${BLOCKED}` }, { wait_s: 60 });
  expect(ran.commands).toMatchObject([{ agreed_by: "override by owner" }]);
});

test("an override is withdrawn while nothing has used it, and then lets nothing through", async () => {
  house = await openHouse({ script: obeys });
  const { overrides } = house.client;
  await house.ask(`run ${BLOCKED}`);
  const { id } = await overrides.grant({ ...blockedCall(), reason: "a drill" });
  expect(await overrides.withdraw(id)).toMatchObject({ id, state: "expired", used_by: null });
  await house.ask(`run ${BLOCKED}`);
  expect(toldToModel()).toMatch(/^Blocked: /);
  const kinds = (await house.client.audit.list({ kind: "override_withdrawn" })).items;
  expect(kinds).toMatchObject([{ record: { override_id: id } }]);
  const used = await overrides.grant({ ...blockedCall(), reason: "a drill" });
  await house.ask(`run ${BLOCKED}`);
  for (const late of [used.id, id])
    await expect(overrides.withdraw(late)).rejects.toMatchObject({
      problem: { code: "override_closed", status: 409 },
    });
  await expect(overrides.withdraw("ovr_none")).rejects.toMatchObject({
    problem: { code: "not_found" },
  });
});
