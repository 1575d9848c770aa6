import { cp, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { readChain } from "@mainstay/executor/read-chain";
import type { Client } from "@mainstay/sdk/client";
import { systemClock } from "@mainstay/sdk/clock";
import type { JournalEvent } from "@mainstay/sdk/events";
import type { Turn } from "@mainstay/sdk/turn";
import { afterEach, expect, onTestFinished, test } from "vitest";
import { registerFolder } from "./folder.ts";
import { heldCommit, withoutEvent } from "./held-commit.ts";
import { calls, type House, type HouseOptions, openHouse, says } from "./house.ts";
import { obeys } from "./obeys.ts";

let house: House;
const open = async (options: HouseOptions) => (house = await openHouse(options));
afterEach(() => house.close());

const typesOf = async (turn_id: string) => (await house.journal(turn_id)).map(({ type }) => type);
const settled = async (turn_id: string): Promise<Turn> => {
  await house.until(turn_id, ({ type }) => type === "settled");
  return await house.client.turns.get(turn_id);
};
const approveAll = async (client: Client) => {
  for (const { id } of (await client.approvals.list()).items)
    await client.approvals.decide(id, "approve");
};
const folderOf = async (client: Client) => (await client.workspaces.list()).items[0]!.path;

test("paused commands do not begin: the turn parks with the reason, and the lift lets it go on by itself", async () => {
  await open({ script: obeys });
  const { client } = house;
  await client.pauses.set({ scope: "commands", reason: "a key leaked" });
  const asked = await house.ask("run touch made");
  expect(asked.state, "consent can be given meanwhile").toBe("awaiting_approval");
  expect((await client.approvals.list()).items).toMatchObject([
    { pause: { scope: "commands", by: "owner", reason: "a key leaked" } },
  ]);
  await approveAll(client);
  await house.until(asked.id, ({ type }) => type === "parked");
  const parked = await client.turns.get(asked.id);
  expect(parked).toMatchObject({
    state: "parked",
    settled_at: null,
    commands: [],
    pause: { scope: "commands", by: "owner", reason: "a key leaked" },
    answer: expect.stringMatching(
      /^Commands are paused by owner since .* UTC: a key leaked\. Nothing was run or changed\. This turn goes on by itself/,
    ),
  });
  expect(await readdir(await folderOf(client))).toEqual([]);
  await expect(client.turns.retry(asked.id)).rejects.toMatchObject({
    problem: { code: "paused", status: 403, detail: expect.stringContaining("a key leaked") },
  });
  expect(await client.pauses.lift({ scope: "commands" })).toEqual({ lifted: true });
  expect(await settled(asked.id)).toMatchObject({
    ...{ state: "done", answer: "Done.", pause: null },
    commands: [{ outcome: "exited", exit_code: 0 }],
  });
  const events = await house.journal(asked.id);
  expect(events.filter(({ type }) => type === "retried")).toMatchObject([
    { by: "owner", after: "lift" },
  ]);
  const starts = events.filter(({ type }) => type === "tool_started");
  expect(starts, "it was never said to begin while it could not").toHaveLength(1);
  expect(await client.pauses.lift({ scope: "commands" })).toEqual({ lifted: false });
});

test("while commands are paused words and files go on, searches too, and what only reads does not run", async () => {
  await open({
    script: [
      calls("write_file", { path: "a.txt", content: "needle\n" }),
      calls("search", { pattern: "needle" }),
      calls("shell", { command: "cat a.txt" }),
      says("Read."),
      says("Just words."),
    ],
  });
  await house.client.pauses.set({ scope: "commands" });
  const asked = await house.ask("work");
  expect(asked).toMatchObject({ state: "parked", answer: expect.stringContaining("1 file edit") });
  const ends = (await eventsSoFar(asked)).filter((event) => event.type === "tool_ended");
  expect(ends.map(({ result }) => result)).toEqual([
    expect.anything(),
    expect.stringContaining("a.txt:1: needle"),
  ]);
  await house.client.pauses.lift({ scope: "commands" });
  expect(await settled(asked.id)).toMatchObject({ answer: "Read.", commands: [{ exit_code: 0 }] });
});

/** Of a turn that has not settled. */
async function eventsSoFar({ id, last_event }: Turn): Promise<JournalEvent[]> {
  const events: JournalEvent[] = [];
  await house.until(id, (event) => "seq" in event && events.push(event) === last_event);
  return events;
}

test("what was agreed, planned and journaled when the pause came, and not handed over, does not slip through", async () => {
  const held = heldCommit("tool_started");
  await open({ script: obeys, overrides: { store: held.over } });
  const { client } = house;
  const asked = await house.ask("run touch made");
  await approveAll(client);
  await held.reached;
  await client.pauses.set({ scope: "commands" });
  held.release();
  await house.until(asked.id, ({ type }) => type === "parked");
  expect(await readdir(await folderOf(client))).toEqual([]);
  expect(await client.turns.get(asked.id), "nothing of it is told as begun").toMatchObject({
    commands: [],
    answer: expect.stringContaining("Nothing was run or changed."),
  });
  await client.pauses.lift({ scope: "commands" });
  expect(await settled(asked.id)).toMatchObject({ commands: [{ exit_code: 0 }] });
  expect((await typesOf(asked.id)).filter((type) => type === "approval_requested")).toHaveLength(1);
  expect(await startsOf(house.home)).toHaveLength(1);
  const [refused, result] = trailOf(house.home).filter(({ kind }) => kind.startsWith("command_re"));
  const { command_id } = refused!;
  expect([refused, result]).toMatchObject([
    { kind: "command_refused", code: "paused" },
    { kind: "command_result", command_id, outcome: "not_started" },
  ]);
});

test("an override that a pause came before is still there for the same call", async () => {
  const held = heldCommit("tool_started", 2);
  await open({ script: obeys, overrides: { store: held.over } });
  const { client } = house;
  const blocked = { message: "run rm -rf /" };
  const first = await house.ask(blocked.message);
  const { id: person } = await client.me();
  await client.overrides.grant({
    ...{ person, workspace: first.workspace_id, command: "rm -rf /", reason: "a drill" },
  });
  const { id } = await client.turns.create(blocked);
  await held.reached;
  await client.pauses.set({ scope: "commands" });
  held.release();
  await house.until(id, ({ type }) => type === "parked");
  await client.pauses.lift({ scope: "commands" });
  expect(await settled(id)).toMatchObject({
    commands: [{ agreed_by: "override by owner", outcome: "exited" }],
  });
});

test("a lift that the server did not live to act on is acted on at the next start; accepted or cancelled turns stay as they are", async () => {
  await open({ script: obeys });
  const { client } = house;
  await client.pauses.set({ scope: "commands" });
  const [waits, accepted, cancelled] = await Promise.all(
    ["a", "b", "c"].map((name) => house.ask(`run ls ${name}`)),
  );
  expect([waits, accepted, cancelled].map((turn) => turn!.state)).toEqual(Array(3).fill("parked"));
  await client.turns.accept(accepted!.id);
  await client.turns.cancel(cancelled!.id);
  await house.restart({ store: withoutEvent("retried") });
  await house.client.pauses.lift({ scope: "commands" });
  await house.restart({});
  expect(await settled(waits!.id)).toMatchObject({ state: "done", answer: "Done." });
  const retries = (await house.journal(waits!.id)).filter(({ type }) => type === "retried");
  expect(retries).toMatchObject([{ by: "owner", after: "lift" }]);
  expect(await house.client.turns.get(accepted!.id)).toMatchObject({ state: "done", commands: [] });
  expect(await house.client.turns.get(cancelled!.id)).toMatchObject({ state: "cancelled" });
});

const SEATS = 20;
const HELD = 4;
const TURNS = 50;

test("fifty turns, running, waiting for a seat or for consent: after the pause nothing begins, after the lift each command runs once", async () => {
  const limits = { running_turns_a_person: SEATS };
  await open({ script: obeys, overrides: { limits } });
  const trusted = await mkdtemp(join(tmpdir(), "mainstay-pause-"));
  onTestFinished(() => rm(trusted, { recursive: true, force: true }));
  await registerFolder(house.client, trusted, true);
  const turns = await Promise.all(
    Array.from({ length: TURNS }, (_, n) =>
      house.client.turns.create({
        message: `run mkdir began-${n} || touch twice-${n}${n < HELD ? "; until test -e go; do sleep 0.02; done" : ""}`,
        // Every third asks first.
        ...(n % 3 === 0 ? {} : { workspace: trusted }),
      }),
    ),
  );
  await Promise.all(
    turns.slice(1, 3).map(({ id }) => house.until(id, ({ type }) => type === "tool_started")),
  );
  await approveAll(house.client);
  await house.client.pauses.set({ scope: "commands", reason: "stop" });
  const acknowledged_at = systemClock.now();

  const begunLate = async () =>
    (await startsOf(house.home)).filter(({ at }) => at > acknowledged_at);
  const others = turns.slice(HELD);
  for (const again of [approveAll, approveAll, () => house.restart({ limits })]) {
    await comeToRest(others);
    await again(house.client);
  }
  await comeToRest(others);
  expect(await begunLate()).toEqual([]);
  expect((await startsOf(house.home)).length, "not all had begun").toBeLessThan(TURNS);
  const now = await house.client.pauses.now();
  expect(now.commands).toMatchObject({ by: "owner", reason: "stop" });

  const own = (await house.client.workspaces.list()).items.find((one) => one.private)!.path;
  await Promise.all([trusted, own].map((folder) => writeFile(join(folder, "go"), "")));
  await comeToRest(turns);
  await approveAll(house.client);
  await comeToRest(turns);
  expect(await begunLate()).toEqual([]);
  await house.client.pauses.lift({ scope: "commands" });
  for (const { id } of turns) expect(await settled(id)).toMatchObject({ state: "done" });
  const made = [...(await readdir(trusted)), ...(await readdir(own))];
  expect(made.filter((name) => name.startsWith("began"))).toHaveLength(TURNS);
  expect(made.filter((name) => name.startsWith("twice"))).toEqual([]);
  const commands = new Set((await startsOf(house.home)).map(({ command_id }) => command_id));
  expect(commands.size).toBe(TURNS);
}, 240_000);

/** Until each has ended, or waits for a person or for the end of a pause. */
async function comeToRest(turns: readonly Turn[]): Promise<void> {
  for (const { id } of turns)
    for (;;) {
      const { state, last_event } = await house.client.turns.get(id);
      if (state !== "queued" && state !== "running") break;
      await house.until(id, (event) => "seq" in event && event.seq > last_event);
    }
}

function trailOf(home: string): Record<"kind" | "command_id", string>[] {
  const db = new DatabaseSync(join(home, "mainstay.db"), { readOnly: true });
  const rows = db.prepare("select body from audit order by seq").all();
  db.close();
  return rows.map(({ body }) => JSON.parse(String(body)));
}

/** What the executor's own chain says that it began. It holds its file, so a copy is read. */
async function startsOf(home: string) {
  const copy = await mkdtemp(join(tmpdir(), "mainstay-exec-"));
  try {
    const is_ledger = (path: string) => !path.includes("/exec/") || path.includes("/exec.db");
    await cp(join(home, "exec"), join(copy, "exec"), { recursive: true, filter: is_ledger });
    return readChain(copy, 0)!.filter((record) => record.kind === "started");
  } finally {
    await rm(copy, { recursive: true, force: true });
  }
}
