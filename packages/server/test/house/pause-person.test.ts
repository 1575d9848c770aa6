import { readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { Client } from "@mainstay/sdk/client";
import type { ClientEvent } from "@mainstay/sdk/events";
import type { Turn } from "@mainstay/sdk/turn";
import { afterEach, beforeEach, expect, test } from "vitest";
import { refusedCommit } from "./held-commit.ts";
import { clientFor, type House, openHouse } from "./house.ts";
import { addMember } from "./member.ts";
import { obeys } from "./obeys.ts";

let house: House;
beforeEach(async () => {
  house = await openHouse({ script: obeys });
});
afterEach(() => house.close());

async function until(client: Client, turn_id: string, passes: (event: ClientEvent) => boolean) {
  for await (const event of client.events(turn_id)) if (passes(event)) return event;
  throw new Error(`${turn_id} ended before that`);
}

const settled = async (client: Client, { id }: Turn): Promise<Turn> => {
  await until(client, id, ({ type }) => type === "settled");
  return await client.turns.get(id);
};

/** A turn whose command has begun, and ends once there is a file `go`. */
async function beginHeld(client: Client): Promise<{ turn: Turn; goOn(): Promise<void> }> {
  const turn = await client.turns.create({
    message: "run echo up; until test -e go; do sleep 0.02; done",
  });
  await until(client, turn.id, ({ type }) => type === "approval_requested");
  const [approval] = (await client.approvals.list()).items;
  await client.approvals.decide(approval!.id, "approve");
  await until(client, turn.id, ({ type }) => type === "output");
  const [own] = (await client.workspaces.list()).items;
  return { turn, goOn: () => writeFile(join(own!.path, "go"), "") };
}

test("a paused person: new turns are refused, waiting ones wait, running ones stop at the next step; reading goes on, others notice nothing", async () => {
  const { client: ada, key } = await addMember(house, "ada");
  const { turn, goOn } = await beginHeld(ada);
  const queued = await ada.turns.create({ message: "later", session_id: turn.session_id });
  const unwanted = await ada.turns.create({ message: "never", session_id: turn.session_id });
  const set = await house.client.pauses.set({ scope: "person", person: "ADA", reason: "on leave" });
  expect(set).toMatchObject({ running: 1, kept: true, pause: { scope: "person", by: "owner" } });

  await expect(ada.turns.create({ message: "hello" })).rejects.toMatchObject({
    problem: {
      ...{ code: "paused", status: 403 },
      detail: expect.stringMatching(/^Your work is paused by owner since .* UTC: on leave\./),
    },
  });
  expect((await ada.turns.get(queued.id)).queue).toMatchObject({
    eta_s: null,
    reason: expect.stringContaining("paused by owner"),
  });
  expect(await ada.me()).toMatchObject({ name: "ada", pause: { by: "owner", reason: "on leave" } });
  expect((await ada.turns.list()).items).toHaveLength(3);
  expect((await house.client.pauses.now()).people).toMatchObject([{ name: "ada" }]);
  expect(await house.ask("hello"), "the others").toMatchObject({ state: "done" });
  expect(await ada.turns.cancel(unwanted.id)).toMatchObject({ state: "cancelled" });

  await goOn();
  await until(ada, turn.id, ({ type }) => type === "parked");
  expect(await ada.turns.get(turn.id)).toMatchObject({
    pause: { scope: "person" },
    commands: [{ outcome: "exited", exit_code: 0 }],
  });
  expect((await ada.turns.get(queued.id)).state, "nor takes one the seat").toBe("queued");
  await house.restart();
  const again = clientFor(house.url, key);
  expect((await again.turns.get(queued.id)).state).toBe("queued");
  await expect(again.turns.retry(turn.id)).rejects.toMatchObject({ problem: { code: "paused" } });
  await house.client.pauses.lift({ scope: "person", person: "ada" });
  expect(await settled(again, turn)).toMatchObject({ state: "done", answer: "Done." });
  expect(await settled(again, queued)).toMatchObject({ state: "done" });
});

test("a pause that kills ends what runs, through the cancel of a command, and the turn says so", async () => {
  const { turn } = await beginHeld(house.client);
  const set = await house.client.pauses.set({ scope: "commands", kill: true, reason: "a worm" });
  expect(set.running).toBe(1);
  expect(await settled(house.client, turn), "its words go on").toMatchObject({
    ...{ state: "done", answer: "Done." },
    commands: [{ outcome: "exited", cancelled: true, exit_code: null }],
  });
  const ends = (await house.journal(turn.id)).filter((event) => event.type === "tool_ended");
  expect(ends).toMatchObject([
    {
      outcome: "cancelled",
      result: expect.stringMatching(
        /\[killed after .* s: cancelled by owner, who paused commands: a worm; it ran in part\]/,
      ),
    },
  ]);
});

test("a second word can only begin to kill, also what runs since before a restart; others run on", async () => {
  const { client: ada, key } = await addMember(house, "ada");
  const { turn } = await beginHeld(ada);
  const own = await beginHeld(house.client);
  const first = await house.client.pauses.set({ scope: "person", person: "ada", reason: "first" });
  await house.restart();
  const again = await house.client.pauses.set({
    ...{ scope: "person", person: "ada", reason: "second", kill: true },
  } as const);
  expect(again.pause).toEqual(first.pause);
  const client = clientFor(house.url, key);
  await until(client, turn.id, ({ type }) => type === "parked");
  expect(await client.turns.get(turn.id)).toMatchObject({ commands: [{ cancelled: true }] });
  await own.goOn();
  expect(await settled(house.client, own.turn)).toMatchObject({ commands: [{ exit_code: 0 }] });
});

test("a command that was found running again and again, because the disk did not take it, counts once", async () => {
  const { turn, goOn } = await beginHeld(house.client);
  await house.restart({ store: refusedCommit("tool_adopted", 2) });
  await until(house.client, turn.id, ({ type }) => type === "tool_adopted");
  expect(await house.client.pauses.set({ scope: "commands" })).toMatchObject({ running: 1 });
  await goOn();
  expect(await settled(house.client, turn)).toMatchObject({ commands: [{ exit_code: 0 }] });
  expect(await house.client.pauses.set({ scope: "commands" })).toMatchObject({ running: 0 });
});

test("who pauses themselves can lift it", async () => {
  const { client } = house;
  await client.pauses.set({ scope: "person", person: "owner" });
  await expect(client.turns.create({ message: "hello" })).rejects.toMatchObject({
    problem: { code: "paused" },
  });
  expect((await client.pauses.now()).people).toMatchObject([{ name: "owner" }]);
  await client.users.add({ name: "ada", role: "admin" });
  expect(await client.pauses.lift({ scope: "person", person: "owner" })).toEqual({ lifted: true });
  expect(await house.ask("hello")).toMatchObject({ state: "done" });
});

test("only an admin pauses, lifts, sees pauses and adds people; readyz tells everybody", async () => {
  const { client: ada } = await addMember(house, "ada");
  const wishes = await Promise.allSettled([
    ada.pauses.now(),
    ada.pauses.set({ scope: "commands" }),
    ada.pauses.lift({ scope: "commands" }),
    ada.users.list(),
    ada.users.add({ name: "eve" }),
  ]);
  expect(wishes).toMatchObject(
    wishes.map(() => ({ status: "rejected", reason: { problem: { code: "forbidden" } } })),
  );
  const commands = async () => (await ada.readyz()).checks.find(({ name }) => name === "commands");
  expect(await commands()).toMatchObject({ ok: true });
  await house.client.pauses.set({ scope: "commands", reason: "a worm" });
  expect(await commands()).toMatchObject({ ok: false, detail: expect.stringContaining("a worm") });
  expect(await ada.readyz(), "who is stopped can still do what they should").toMatchObject({
    ready: true,
  });
  await expect(
    house.client.pauses.set({ scope: "person", person: "nobody" }),
  ).rejects.toMatchObject({ problem: { code: "not_found" } });
});

test("a new person has a name of their own, a sandbox uid, a folder on demand, and a key that is kept nowhere", async () => {
  const { user, key } = await house.client.users.add({ name: "ada", role: "admin", tier: "pro" });
  expect(key).toMatch(/^mst_[0-9a-f]{8}_/);
  expect(user).toMatchObject({ name: "ada", role: "admin", tier: "pro" });
  await expect(house.client.users.add({ name: "Ada" })).rejects.toMatchObject({
    problem: { code: "name_taken", status: 409 },
  });
  await expect(house.client.users.add({ name: "a b" })).rejects.toMatchObject({
    problem: { code: "invalid_request" },
  });
  const ada = clientFor(house.url, key);
  expect(await ada.me()).toMatchObject({ id: user.id, role: "admin", pause: null });
  await ada.turns.create({ message: "hello" }, { wait_s: 30 });
  const [own] = (await ada.workspaces.list()).items;
  expect(own).toMatchObject({ private: true });
  expect((await stat(own!.path)).mode & 0o777).toBe(0o700);
  expect((await house.client.users.list()).items.map(({ name }) => name)).toEqual(["owner", "ada"]);
  const secret = key.slice("mst_".length);
  for (const name of await readdir(house.home))
    if (name.startsWith("mainstay.db"))
      expect((await readFile(join(house.home, name))).includes(secret), name).toBe(false);
});

test("each pause, lift and newcomer is on the trail", async () => {
  const { client } = house;
  const { user } = await client.users.add({ name: "ada" });
  await client.pauses.set({ scope: "person", person: "ada" });
  await client.pauses.set({ scope: "commands" });
  await client.pauses.lift({ scope: "person", person: user.id });
  const me = await client.me();
  const trail = new DatabaseSync(join(house.home, "mainstay.db"), { readOnly: true });
  const kept = trail.prepare("select body from audit order by seq").all();
  trail.close();
  const records = kept.map(({ body }) => JSON.parse(String(body)) as { kind: string });
  expect(records.filter(({ kind }) => /^(pause|person)_/.test(kind))).toEqual([
    { kind: "person_added", person_id: user.id, role: "member", tier: "free", added_by: me.id },
    { kind: "pause_set", scope: "person", person_id: user.id, set_by: me.id },
    { kind: "pause_set", scope: "commands", person_id: null, set_by: me.id },
    { kind: "pause_lifted", scope: "person", person_id: user.id, lifted_by: me.id },
  ]);
});
