import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startFakeProvider } from "@mainstay/fake-provider/fake-provider";
import type { ScriptFunction } from "@mainstay/fake-provider/script";
import { systemClock } from "@mainstay/sdk/clock";
import { type ClientEvent, isJournalEvent, type JournalEvent } from "@mainstay/sdk/events";
import type { Turn } from "@mainstay/sdk/turn";
import { expect, test } from "vitest";
import { seeded } from "../../../../torture/seeded.ts";
import { registerFolder } from "./folder.ts";
import { says } from "./house.ts";
import { createServerProcess, type Entry, type ServerProcess } from "./server-process.ts";

const STEPS = 6;
const COMMANDS = 6;
const KILLS = 10;
const SEED = 20_261_122;

/** An effect that can be counted: each command appends its number to a file, and takes a while. */
const command = (n: number, takes_s = 0.05) => ({
  name: "shell",
  arguments: {
    intent: `command ${n}`,
    command: `echo ${n} >> effects.txt; echo began; sleep ${takes_s}; echo ended`,
  },
});

const counter = (name: string, input: object) => ({
  name,
  arguments: { intent: "count", path: "counter.txt", ...input },
});

const steps = [
  [command(1)],
  [counter("write_file", { content: "count 0\n" }), command(2)],
  // Long enough to be killed in the middle by somebody who waits for its first word.
  [command(3, 2)],
  [counter("edit_file", { old_text: "count 0", new_text: "count 1" })],
  [command(4), command(5)],
  [command(6), { name: "list_files", arguments: {} }],
];

const sixSteps: ScriptFunction = (request) => {
  const step = request.messages.filter((message) => message.role === "assistant").length;
  const tool_calls = steps[step];
  return tool_calls === undefined ? says("All six are done.") : { tool_calls };
};

interface Outcome {
  readonly turn: Turn;
  readonly killed: boolean;
  /** What the client saw, over all its connections. */
  readonly seen: readonly JournalEvent[];
  readonly effects: readonly string[];
  readonly counter: string;
}

type IsPoint = (event: ClientEvent) => boolean;

/** Runs the turn, kills the server at the wished event, starts it again and waits for the end. */
async function killedAt(isPoint: IsPoint, entry: Entry = "serve.ts"): Promise<Outcome> {
  const home = await mkdtemp(join(tmpdir(), "mainstay-crash-"));
  const folder = await mkdtemp(join(tmpdir(), "mainstay-crash-ws-"));
  const model = await startFakeProvider({ script: sixSteps, clock: systemClock });
  const server = await createServerProcess(home, model.url);
  try {
    await server.start(entry);
    const client = await server.client();
    await registerFolder(client, folder, true);
    const asked = await client.turns.create({ message: "go", workspace: folder });
    const followed = await followThroughCrash(server, asked.id, isPoint, entry);
    const turn = await client.turns.get(asked.id);
    const effects = (await readFile(join(folder, "effects.txt"), "utf8")).trim().split("\n");
    const count = await readFile(join(folder, "counter.txt"), "utf8");
    return { turn, ...followed, effects, counter: count };
  } finally {
    await server.kill();
    await model.close();
    await rm(home, { recursive: true, force: true, maxRetries: 10 });
    await rm(folder, { recursive: true, force: true });
  }
}

async function followThroughCrash(
  server: ServerProcess,
  turn_id: string,
  isPoint: IsPoint,
  entry: Entry,
) {
  const client = await server.client();
  const seen: JournalEvent[] = [];
  let restarted: Promise<void> | null = null;
  for await (const event of client.events(turn_id)) {
    if (isJournalEvent(event)) seen.push(event);
    if (restarted !== null || !isPoint(event)) continue;
    await server.kill();
    restarted = server.start(entry);
  }
  await restarted;
  return { seen, killed: restarted !== null };
}

/** The promises that a crash must not break, each with what breaks it. */
function broken({ turn, killed, seen, effects, counter: count }: Outcome): string[] {
  const faults: string[] = [];
  if (turn.state !== "done") faults.push(`the turn is ${turn.state}`);
  const numbers = seen.map((event) => event.seq);
  if (numbers.some((seq, i) => seq !== i + 1)) faults.push(`the client saw ${numbers.join()}`);
  if (numbers.length !== turn.last_event) faults.push("the client missed events");
  const twice = effects.filter((line, i) => effects.indexOf(line) !== i);
  if (twice.length > 0) faults.push(`commands ${twice.join()} ran twice`);
  const real = turn.commands.filter(({ outcome }) => outcome === "exited").length;
  const unknown = turn.commands.filter(({ outcome }) => outcome === "unknown").length;
  if (real + unknown !== COMMANDS) faults.push(`${real} commands ended, ${unknown} are unknown`);
  if (unknown > (killed ? 1 : 0)) faults.push(`${unknown} commands are unknown`);
  if (effects.length < real) faults.push(`only ${effects.length} effects of ${real} commands`);
  if (count !== "count 1\n") faults.push(`the edited file holds ${count}`);
  return faults;
}

test(
  `kill -9 at ${KILLS} random points of a ${STEPS}-step turn (seed ${SEED}): nothing lost, nothing twice`,
  { timeout: 180_000 },
  async () => {
    const undisturbed = await killedAt(() => false);
    expect(broken(undisturbed)).toEqual([]);
    const random = seeded(SEED);
    for (let kill = 0; kill < KILLS; kill++) {
      const point = 1 + Math.floor(random() * (undisturbed.seen.length - 1));
      const outcome = await killedAt((event) => isJournalEvent(event) && event.seq === point);
      expect(outcome.killed, `event ${point} never came`).toBe(true);
      expect(broken(outcome), `killed after event ${point}`).toEqual([]);
    }
  },
);

/** While the third command runs: its output has come, its end has not. */
const duringThirdCommand = (): IsPoint => {
  let began = 0;
  return (event) => event.type === "output" && event.text.includes("began") && ++began === 3;
};

test("a command that dies with the server is told as *outcome unknown*, not run again", async () => {
  const outcome = await killedAt(duringThirdCommand());
  expect(outcome.killed).toBe(true);
  expect(broken(outcome)).toEqual([]);
  const lost = outcome.seen.filter(
    (event) => event.type === "tool_ended" && event.outcome === "unknown",
  );
  expect(lost).toMatchObject([{ result: expect.stringContaining("Outcome unknown") }]);
});

test("the planted fault is seen: without J3 the command runs twice", async () => {
  const outcome = await killedAt(duringThirdCommand(), "serve-forgetful.ts");
  expect(broken(outcome)).toEqual(["commands 3 ran twice"]);
});
