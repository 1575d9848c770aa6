import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { lastUserText, textOf } from "@mainstay/fake-provider/chat-request";
import type { ScriptFunction } from "@mainstay/fake-provider/script";
import type { Command, CommandEvent, CommandNews } from "@mainstay/sdk/commands";
import type { ClientEvent } from "@mainstay/sdk/events";
import type { Turn } from "@mainstay/sdk/turn";
import { afterEach, expect, onTestFinished, test } from "vitest";
import type { Overrides } from "../../src/assemble.ts";
import { registerFolder } from "./folder.ts";
import { calls, type House, openHouse, says } from "./house.ts";
import { addMember } from "./member.ts";

let house: House;
let folder: string;
afterEach(() => house.close());

/** `TOOL {json}` calls that tool, `both [json, json]` the shell twice; the results end the turn. */
const called: ScriptFunction = (request) => {
  const last = request.messages.at(-1)!;
  if (last.role === "tool") return says(`told: ${textOf(last)}`);
  const both = /^both (.*)$/s.exec(lastUserText(request))?.[1];
  if (both !== undefined)
    return {
      tool_calls: (JSON.parse(both) as object[]).map((input) => ({
        name: "shell",
        arguments: input,
      })),
    };
  const [, name, input] = /^(\w+) (\{.*\})$/s.exec(lastUserText(request)) ?? [];
  return name === undefined ? says("Just words.") : calls(name, JSON.parse(input!) as object);
};

async function open(overrides: Overrides = {}): Promise<void> {
  house = await openHouse({ script: called, overrides });
  folder = await mkdtemp(join(tmpdir(), "mainstay-commands-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  await registerFolder(house.client, folder, true);
}

/** Begins, and is over once there is a file. */
const until = (file: string) =>
  `echo begun; until [ -e ${file} ]; do sleep 0.02; done; echo over; printf done`;
const letGo = (file: string) => writeFile(join(folder, file), "");

const ask = (tool: string, input: object, session_id?: string): Promise<Turn> =>
  house.ask(`${tool} ${JSON.stringify(input)}`, {
    workspace: folder,
    ...(session_id !== undefined && { session_id }),
  });

/** A turn in the middle of a command, once that has printed something. */
async function begin(input: { command: string; timeout_s?: number }) {
  const message = `shell ${JSON.stringify(input)}`;
  const { id } = await house.client.turns.create({ message, workspace: folder });
  await house.until(id, ({ type }) => type === "output");
  const { items } = await house.client.commands.list({ turn_id: id });
  return { turn_id: id, command: items[0]! };
}

async function settled(turn_id: string): Promise<Turn> {
  await house.until(turn_id, ({ type }) => type === "settled");
  return await house.client.turns.get(turn_id);
}

async function eventsOf(command_id: string, seen: (event: CommandEvent) => void | Promise<void>) {
  const events: CommandEvent[] = [];
  for await (const event of house.client.commands.events(command_id)) {
    events.push(event);
    await seen(event);
  }
  return events;
}

const outputOf = (events: readonly CommandEvent[]) =>
  events.map((event) => (event.type === "output" ? event.text : "")).join("");

async function printed(command_id: string): Promise<string> {
  const { base64 } = await house.client.commands.output(command_id);
  return Buffer.from(base64, "base64").toString();
}

test("a running command is listed, tells how it stands and what it prints, and then how it ended", async () => {
  await open();
  const { turn_id, command } = await begin({ command: until("go") });
  expect(command).toMatchObject({
    ...{ state: "running", background: false, outcome: null, stopped_by: null, turn_id },
    ...{ command: until("go"), wall_ms: 600_000, person: { name: "owner" } },
  });
  // A stream begins with the last that was told, which may be from before it printed.
  const printing = (event: ClientEvent) => event.type === "progress" && event.output_bytes > 0;
  expect(await house.until(turn_id, printing)).toMatchObject({
    ...{ output_bytes: 6, last_line: "begun", percent: null, wall_ms: 600_000 },
  });
  expect(await printed(command.id)).toBe("begun\n");
  const events = await eventsOf(command.id, async (event) => {
    if (event.type === "progress") await letGo("go");
  });
  expect(events[0]).toMatchObject({ type: "snapshot", command: { id: command.id } });
  expect(outputOf(events)).toBe("begun\nover\ndone");
  const ended = events.at(-1)!;
  expect(ended).toMatchObject({
    type: "ended",
    command: { state: "ended", outcome: { ran: "ran", exit_code: 0, output_bytes: 15 } },
  });
  await settled(turn_id);
  expect(await house.client.commands.get(command.id)).toEqual("command" in ended && ended.command);
  expect((await house.client.commands.list({ state: "running" })).items).toEqual([]);
  expect(await printed(command.id), "also when it has ended").toBe("begun\nover\ndone");
  expect(await house.client.commands.output(command.id, 11)).toMatchObject({
    ...{ from: 11, next: 15, output_bytes: 15, kept_bytes: 15, ended: true },
  });
  expect(await eventsOf(command.id, () => undefined)).toEqual([ended]);
});

test("more time that a person gives counts while it runs, within bounds, and is on the trail", async () => {
  await open();
  // Long enough to be given more where all is slow.
  const timeout_s = 8;
  const { command, turn_id } = await begin({ command: until("go"), timeout_s });
  const { extend } = house.client.commands;
  expect(await extend(command.id, { for_s: 60 })).toMatchObject({ wall_ms: 68_000 });
  await expect(extend(command.id, { for_s: 86_400 })).rejects.toMatchObject({
    problem: { code: "limit_too_long", status: 422 },
  });
  const later = await extend(command.id, { until: new Date(Date.now() + 90_000).toISOString() });
  expect(later.wall_ms).toBeGreaterThan(85_000);
  expect(
    await extend(command.id, { until: new Date(Date.now()).toISOString() }),
    "never shorter",
  ).toMatchObject({ wall_ms: later.wall_ms });
  const outlived_ms = timeout_s * 1_000 + 500;
  await house.until(
    turn_id,
    (event) => event.type === "progress" && event.elapsed_ms > outlived_ms,
  );
  await letGo("go");
  expect((await settled(turn_id)).commands).toMatchObject([{ exit_code: 0, timed_out: false }]);
  const { items } = await house.client.audit.list({ kind: "command_extended" });
  expect(items.map(({ record }) => record)).toMatchObject([
    { command_id: command.id, wall_ms: later.wall_ms },
    { command_id: command.id, wall_ms: 68_000 },
  ]);
  await expect(extend(command.id, { for_s: 1 })).rejects.toMatchObject({
    problem: { code: "command_ended", status: 409 },
  });
});

test("a command that a person stops is killed, its turn goes on and knows who wanted it", async () => {
  await open();
  const { command, turn_id } = await begin({ command: until("never") });
  const stranger = (await addMember(house, "Eve")).client;
  for (const wish of [stranger.commands.cancel, stranger.commands.get])
    await expect(wish(command.id)).rejects.toMatchObject({ problem: { code: "not_found" } });
  expect((await stranger.commands.list()).items).toEqual([]);
  await house.client.commands.cancel(command.id);
  const turn = await settled(turn_id);
  expect(turn.answer).toMatch(/killed after [\d.]+ s: cancelled by owner; it ran in part\]/);
  expect(turn.commands).toMatchObject([{ outcome: "exited", cancelled: true }]);
  expect(await house.client.commands.get(command.id)).toMatchObject({
    stopped_by: "owner",
    outcome: { ran: "partly", cancelled: true, exit_code: null },
  });
  const { items } = await house.client.audit.list({ kind: "command_stopped" });
  expect(items).toMatchObject([
    {
      record: {
        command_id: command.id,
        stopped_by: items[0]!.record && (items[0]!.record as { person_id: string }).person_id,
      },
    },
  ]);
  await expect(house.client.commands.cancel(command.id)).rejects.toMatchObject({
    problem: { code: "command_ended" },
  });
});

/** Begins a background command and waits until its turn has settled. */
async function beginInBackground(command: string): Promise<{ turn: Turn; command: Command }> {
  const turn = await ask("shell", { command, background: true });
  const id = /cmd_\w+/.exec(turn.answer!)![0];
  return { turn, command: await house.client.commands.get(id) };
}

test("a background command outlives its turn and a restart; its end is told to clients, session and model", async () => {
  await open();
  const { turn, command } = await beginInBackground(until("go"));
  expect(turn).toMatchObject({
    state: "done",
    commands: [{ id: command.id, outcome: "background" }],
  });
  expect(command).toMatchObject({ state: "running", background: true, wall_ms: 14_400_000 });
  await house.client.commands.extend(command.id, { for_s: 60 });
  await house.restart();
  const news: CommandNews[] = [];
  for await (const event of house.client.commands.news()) {
    news.push(event);
    if (event.type === "snapshot") await letGo("go");
    else break;
  }
  expect(news).toMatchObject([
    { type: "snapshot", items: [{ id: command.id, wall_ms: 14_460_000 }] },
    { type: "ended", command: { id: command.id, outcome: { ran: "ran", exit_code: 0 } } },
  ]);
  const { notes } = await house.client.sessions.get(turn.session_id);
  expect(notes).toMatchObject([
    { command_id: command.id, text: expect.stringContaining("> over\n> done") },
  ]);
  await house.ask("and now?", { session_id: turn.session_id, workspace: folder });
  const told = house.model.requests
    .at(-1)!
    .messages.slice(-2)
    .map(({ content }) => content);
  expect(told).toEqual([`[A note of Mainstay, not of the person]\n${notes[0]!.text}`, "and now?"]);
  expect(await settled(turn.id), "what has settled stays").toEqual(turn);
});

test("a background command whose turn still goes on is followed by the next server, too", async () => {
  await open();
  const inputs = [{ command: until("first"), background: true }, { command: until("second") }];
  const message = `both ${JSON.stringify(inputs)}`;
  const { id } = await house.client.turns.create({ message, workspace: folder });
  await house.until(id, ({ type }) => type === "output");
  await house.restart();
  await house.until(id, ({ type }) => type === "tool_adopted");
  await letGo("first");
  const { items } = await house.client.commands.list({ turn_id: id });
  const behind = items.find(({ background }) => background)!;
  const events = await eventsOf(behind.id, () => undefined);
  expect(events.at(-1)).toMatchObject({ type: "ended", command: { outcome: { ran: "ran" } } });
  expect((await house.client.turns.get(id)).state).toBe("running");
  await letGo("second");
  expect((await settled(id)).commands.map(({ outcome }) => outcome)).toEqual([
    ...["background", "exited"],
  ]);
});

test("the agent looks after its background command and stops it", async () => {
  await open();
  const { turn, command } = await beginInBackground(until("never"));
  const { id } = command;
  await eventsOfUntilOutput(id);
  const status = await ask("command_status", { id }, turn.session_id);
  expect(status.answer).toMatch(
    /runs: \d+ s of 4 h at most, 6 bytes printed\.\nOutput from byte 0 to 6:\nbegun$/,
  );
  const again = await ask("command_status", { id, since: 6 }, turn.session_id);
  expect(again.answer).toMatch(/Nothing new since byte 6\.$/);
  expect((await ask("command_stop", { id }, turn.session_id)).answer).toContain("is being ended");
  const events = await eventsOf(id, () => undefined);
  expect(events.at(-1)).toMatchObject({
    command: { stopped_by: "the agent", outcome: { ran: "partly" } },
  });
  const over = await ask("command_status", { id }, turn.session_id);
  expect(over.answer).toContain("has ended: killed after");
  expect((await ask("command_stop", { id: "cmd_none" })).answer).toContain("no such command");
});

async function eventsOfUntilOutput(command_id: string): Promise<void> {
  for await (const event of house.client.commands.events(command_id))
    if (event.type === "output") return;
}

test("the background needs a word for just that, for the time it says; unasked it has the usual time", async () => {
  await open();
  const DAY_S = 999_999;
  const { id: workspace } = await registerFolder(house.client, folder, false);
  await house.client.rules.add({ workspace, command: "touch made" });
  expect(await ask("shell", { command: "touch made" })).toMatchObject({ state: "done" });
  const wish = { command: "touch made", background: true, timeout_s: DAY_S };
  expect(await ask("shell", wish)).toMatchObject({ state: "awaiting_approval" });
  const [card] = (await house.client.approvals.list()).items;
  expect(card).toMatchObject({ rule: null, suggestion: null });
  expect(card!.says).toEqual(
    expect.arrayContaining([
      "goes on in the background, also when the turn has ended",
      "is killed after 1440 min",
    ]),
  );
  await house.client.approvals.decide(card!.id, "approve");
  await house.until(card!.turn_id, ({ type }) => type === "settled");
  const { items } = await house.client.commands.list({ turn_id: card!.turn_id });
  expect(items).toMatchObject([{ background: true, wall_ms: 86_400_000 }]);

  const reads = await ask("shell", { ...wish, command: "ls" });
  expect(reads.answer).toContain("for 4 h at most");
  await registerFolder(house.client, folder, true);
  const trusted = await ask("shell", wish);
  expect(trusted.answer).toContain("for 4 h at most");
});

test("a person has so many commands in the background and no more", async () => {
  await open({ limits: { background_commands_a_person: 1 } });
  const { command } = await beginInBackground(until("go"));
  const refused = await ask("shell", { command: "sleep 5", background: true });
  expect(refused.answer).toContain("Refused: 1 commands of this person run in the background");
  await house.client.commands.cancel(command.id);
  await eventsOf(command.id, () => undefined);
  expect((await beginInBackground(until("go"))).command.state).toBe("running");
});
