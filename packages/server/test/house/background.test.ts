import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { readProcesses } from "@mainstay/executor/process-table";
import { lastUserText, textOf } from "@mainstay/fake-provider/chat-request";
import type { ScriptFunction } from "@mainstay/fake-provider/script";
import type { Command, CommandEvent } from "@mainstay/sdk/commands";
import type { Turn } from "@mainstay/sdk/turn";
import { sql } from "kysely";
import { afterEach, expect, test } from "vitest";
import type { Overrides } from "../../src/assemble.ts";
import type { Store } from "../../src/store/store.ts";
import { scratchFolder } from "../files/workspace.ts";
import { registerFolder } from "./folder.ts";
import { withoutEvent } from "./held-commit.ts";
import { calls, type House, openHouse, says } from "./house.ts";

let house: House;
let folder: string;
let goOn = () => {};
afterEach(async () => {
  goOn();
  await house.close();
});

/** `TOOL {json}` calls that tool; its result ends the turn. */
const called: ScriptFunction = (request) => {
  const last = request.messages.at(-1)!;
  if (last.role === "tool") return says(`told: ${textOf(last)}`);
  const [, name, input] = /^(\w+) (\{.*\})$/s.exec(lastUserText(request))!;
  return calls(name!, JSON.parse(input!) as object);
};

async function open(overrides: Overrides = {}): Promise<void> {
  house = await openHouse({ script: called, overrides });
  folder = await trusted();
}

async function trusted(): Promise<string> {
  const { path } = await scratchFolder();
  await registerFolder(house.client, path, true);
  return path;
}

const ask = (tool: string, input: object, more: { session_id?: string; workspace?: string } = {}) =>
  house.ask(`${tool} ${JSON.stringify(input)}`, { workspace: folder, ...more });

const UNTIL_GO = "echo begun; until [ -e go ]; do sleep 0.02; done";
const letGo = () => writeFile(join(folder, "go"), "");

async function begin(command = UNTIL_GO): Promise<{ turn: Turn; command: Command }> {
  const turn = await ask("shell", { command, background: true });
  const { items } = await house.client.commands.list({ turn_id: turn.id });
  return { turn, command: items[0]! };
}

/** The next event of its kind. */
async function seen<T extends CommandEvent["type"]>(command_id: string, type: T) {
  for await (const event of house.client.commands.events(command_id))
    if (event.type === type) return event as Extract<CommandEvent, { type: T }>;
  throw new Error(`${command_id} has no ${type}`);
}

const ended = async (command_id: string): Promise<Command> =>
  (await seen(command_id, "ended")).command;

test("the agent looks after background commands of its own session and no others; a stop names its turn", async () => {
  await open();
  const { turn, command } = await begin();
  const other = await trusted();
  const message = `shell ${JSON.stringify({ command: "echo secret; sleep 60" })}`;
  const { id: elsewhere } = await house.client.turns.create({
    message,
    workspace: other,
  });
  await house.until(elsewhere, ({ type }) => type === "output");
  const [foreground] = (await house.client.commands.list({ turn_id: elsewhere })).items;
  for (const { id } of [command, foreground!])
    for (const tool of ["command_status", "command_stop"])
      expect((await ask(tool, { id })).answer, tool).toContain("no such command here");
  const { session_id } = await house.client.turns.get(elsewhere);
  await house.client.turns.cancel(elsewhere);
  await house.until(elsewhere, ({ type }) => type === "settled");
  const own = await ask("command_status", { id: foreground!.id }, { session_id, workspace: other });
  expect(own.answer, "of its session, but not in the background").toContain("no such command here");
  const { session_id: its } = turn;
  const stop = await ask("command_stop", { id: command.id }, { session_id: its });
  expect(stop.answer).toContain("is being ended");
  expect(await ended(command.id)).toMatchObject({ stopped_by: "the agent" });
  const { items } = await house.client.audit.list({ kind: "command_stopped" });
  expect(items.map(({ record }) => record)).toMatchObject([
    { command_id: command.id, stopped_by: null, turn_id: stop.id },
  ]);
});

/** The executor of the house does nothing until `goOn`. */
function stopExecutor(): void {
  const processes = readProcesses();
  const of_house = processes
    .findByArgument((argument) => argument === house.home)
    .map(({ pid }) => pid);
  const executors = processes
    .findByArgument((argument) => argument === "--bubblewrap")
    .map(({ pid }) => pid);
  const pid = executors.find((one) => of_house.includes(one))!;
  process.kill(pid, "SIGSTOP");
  goOn = () => {
    process.kill(pid, "SIGCONT");
    goOn = () => {};
  };
}

/** The look for what no call waits for sees what it sees only after `event`. */
const looksAfter = (event: Promise<void>) => {
  const looked = Promise.withResolvers<void>();
  const over = (store: Store): Store => ({
    ...store,
    async query(query) {
      const { sql: text } = query.compile();
      if (!text.includes('"turn"."settled_at"') || !text.includes('"ended_at" is null'))
        return await store.query(query);
      await event;
      const rows = await store.query(query);
      setImmediate(looked.resolve);
      return rows;
    },
  });
  return { over, looked: looked.promise };
};

async function begun(): Promise<Command> {
  for await (const news of house.client.commands.news()) {
    const command = news.type === "snapshot" ? news.items[0] : news.command;
    if (command !== undefined) return command;
  }
  throw new Error("nothing begins");
}

test("the end of a background command is on record also where its turn is recovered first", async () => {
  // The first server must neither know that the call has ended, nor give the turn up for that.
  await open({ store: (store) => withoutEvent("settled")(withoutEvent("tool_ended")(store)) });
  const message = `shell ${JSON.stringify({ command: UNTIL_GO, background: true })}`;
  const turn = await house.client.turns.create({ message, workspace: folder });
  const { id } = await begun();
  await seen(id, "output");
  const recovering = Promise.withResolvers<void>();
  const { over, looked } = looksAfter(recovering.promise);
  stopExecutor();
  const restarted = house.restart({
    store: over,
    tools: (tools) =>
      tools.map((tool) => ({
        ...tool,
        recover(...of) {
          const found = tool.recover(...of);
          recovering.resolve();
          return found;
        },
      })),
  });
  await looked;
  goOn();
  await restarted;
  await house.until(turn.id, ({ type }) => type === "settled");
  expect((await house.client.turns.get(turn.id)).answer).toContain("runs in the background");
  await letGo();
  expect(await ended(id)).toMatchObject({ outcome: { ran: "ran", exit_code: 0 } });
});

test("a background command is followed to its end however much was put on record since", async () => {
  let store!: Store;
  await open({ store: (opened) => (store = opened) });
  const { command } = await begin();
  const years = sql`insert into audit (seq, at, body, hash)
    select max(seq) + 60000, 0, '{}', 'none' from audit`;
  await store.commit({ writes: [years.compile(store.sql)] });
  await house.restart();
  await letGo();
  expect(await ended(command.id)).toMatchObject({ outcome: { ran: "ran", exit_code: 0 } });
});

test("a note cuts the command between characters", async () => {
  await open();
  const { turn, command } = await begin(`: ${"a".repeat(197)}\u{1F600}`);
  await ended(command.id);
  const { notes } = await house.client.sessions.get(turn.session_id);
  expect(notes).toMatchObject([{ command_id: command.id }]);
  expect(notes[0]!.text.isWellFormed()).toBe(true);
});

test("an executor that does not answer keeps nobody waiting", async () => {
  await open();
  const { turn, command } = await begin();
  await seen(command.id, "output");
  stopExecutor();
  const { client } = house;
  const unavailable = { problem: { code: "executor_unavailable", status: 503 } };
  const { session_id } = turn;
  const [listed, , , status] = await Promise.all([
    client.commands.list(),
    expect(client.commands.output(command.id)).rejects.toMatchObject(unavailable),
    expect(client.commands.extend(command.id, { for_s: 60 })).rejects.toMatchObject(unavailable),
    ask("command_status", { id: command.id }, { session_id }),
  ]);
  expect(listed.items).toMatchObject([{ id: command.id, state: "running", progress: null }]);
  expect(status.answer).toMatch(
    /how it stands cannot be told right now\.\nWhat it printed cannot be told: The executor/,
  );
  goOn();
  expect(await seen(command.id, "progress")).toMatchObject({ output_bytes: 6 });
});
