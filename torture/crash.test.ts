/**
 * `kill -9` of the server while a turn writes files and runs commands. The executor lives on, so
 * every command ends once and for real, and the turn goes on with what really came of it.
 */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startFakeProvider } from "@mainstay/fake-provider/fake-provider";
import type { ScriptFunction } from "@mainstay/fake-provider/script";
import { systemClock } from "@mainstay/sdk/clock";
import { type ClientEvent, isJournalEvent, type JournalEvent } from "@mainstay/sdk/events";
import { untilAnswered } from "@mainstay/sdk/outage";
import type { Turn } from "@mainstay/sdk/turn";
import { afterEach, expect, test } from "vitest";
import { registerFolder } from "../packages/server/test/house/folder.ts";
import { says } from "../packages/server/test/house/house.ts";
import {
  createServerProcess,
  type Entry,
  type ServerProcess,
} from "../packages/server/test/house/server-process.ts";
import { report, rounds, seed } from "./plan.ts";
import { seeded } from "./seeded.ts";

const KILLS = rounds({ short: 5, long: 100 });
const COMMANDS = [1, 2, 3, 4, 5, 6];

/** An effect that can be counted: each command appends its number to a file, and takes a while. */
const command = (n: number, takes = "sleep 0.02") => ({
  name: "shell",
  arguments: {
    intent: `command ${n}`,
    command: `echo ${n} >> effects.txt; echo ${n} began; ${takes}; echo ${n} ended`,
  },
});

const counter = (name: string, input: object) => ({
  name,
  arguments: { intent: "count", path: "counter.txt", ...input },
});

const steps = [
  [command(1)],
  [counter("write_file", { content: "count 0\n" }), command(2)],
  // Long enough to be met by many kills, and for as long as the test wants.
  [command(3, "sleep 0.3; until test -e go; do sleep 0.05; done")],
  [counter("edit_file", { old_text: "count 0", new_text: "count 1" })],
  [command(4), command(5)],
  [command(6), { name: "list_files", arguments: {} }],
];

const sixSteps: ScriptFunction = (request) => {
  const step = request.messages.filter((message) => message.role === "assistant").length;
  const tool_calls = steps[step];
  return tool_calls === undefined ? says("All six are done.") : { tool_calls };
};

/**
 * When the server dies: right after an event, some time after the request was sent, or in the
 * middle of the third command, which does not end before the next server has taken it up.
 */
type Moment =
  | { readonly kind: "event"; readonly seq: number }
  | { readonly kind: "time"; readonly after_ms: number }
  | { readonly kind: "in command" }
  | { readonly kind: "never" };

interface Outcome {
  readonly turn: Turn;
  readonly killed: boolean;
  /** What the client saw, over all its connections. */
  readonly seen: readonly JournalEvent[];
  readonly effects: readonly string[];
  readonly counter: string;
  readonly took_ms: number;
}

interface Stage {
  readonly server: ServerProcess;
  readonly entry: Entry;
  close(): Promise<void>;
}

let stage: Stage;
afterEach(() => stage.close());

async function open(entry: Entry = "serve.ts"): Promise<void> {
  const home = await mkdtemp(join(tmpdir(), "mainstay-crash-"));
  const model = await startFakeProvider({ script: sixSteps, clock: systemClock });
  const server = await createServerProcess(home, model.url);
  stage = {
    server,
    entry,
    async close() {
      await server.stop("SIGINT");
      await model.close();
      await rm(home, { recursive: true, force: true, maxRetries: 10 });
    },
  };
  await server.start(entry);
}

/** Runs the turn, kills the server at the moment and starts it again. */
async function runThrough(moment: Moment): Promise<Outcome> {
  const folder = await mkdtemp(join(tmpdir(), "mainstay-crash-ws-"));
  try {
    const client = await stage.server.client();
    await registerFolder(client, folder, true);
    const began_ms = systemClock.monotonic();
    const go = () => writeFile(join(folder, "go"), "");
    if (moment.kind !== "in command") await go();
    const crash = createCrash(moment);
    const key = { idempotency_key: folder };
    const request = { message: "go", workspace: folder };
    const asked = await untilAnswered({ clock: systemClock, random: Math.random }, () =>
      client.turns.create(request, key),
    );
    const seen: JournalEvent[] = [];
    for await (const event of client.events(asked.id)) {
      if (isJournalEvent(event)) seen.push(event);
      crash.look(event);
      if (crash.began() && isTakenUp(event)) await go();
    }
    const took_ms = systemClock.monotonic() - began_ms;
    const killed = await crash.over();
    const turn = await client.turns.get(asked.id);
    const effects = (await readFile(join(folder, "effects.txt"), "utf8")).trim().split("\n");
    const count = await readFile(join(folder, "counter.txt"), "utf8");
    return { turn, killed, seen, effects, counter: count, took_ms };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const isTakenUp = ({ type }: ClientEvent) => type === "tool_adopted" || type === "tool_started";

function createCrash(moment: Moment) {
  let crashed: Promise<void> | null = null;
  const crash = async () => {
    await stage.server.kill();
    await stage.server.start(stage.entry);
  };
  if (moment.kind === "time") crashed = systemClock.sleep(moment.after_ms).then(crash);
  return {
    began: () => crashed !== null,
    look(event: ClientEvent) {
      if (crashed === null && isAt(moment, event)) crashed = crash();
    },
    /** Resolves when the server is there again: whether it was gone at all. */
    async over(): Promise<boolean> {
      await crashed;
      return crashed !== null;
    },
  };
}

function isAt(moment: Moment, event: ClientEvent): boolean {
  if (moment.kind === "in command")
    return event.type === "output" && event.text.includes("3 began");
  return moment.kind === "event" && isJournalEvent(event) && event.seq === moment.seq;
}

/** The promises that a crash must not break, each with what breaks it. */
function broken({ turn, seen, effects, counter: count }: Outcome): string[] {
  const faults: string[] = [];
  if (turn.state !== "done") faults.push(`the turn is ${turn.state}`);
  const numbers = seen.map((event) => event.seq);
  if (numbers.some((seq, i) => seq !== i + 1)) faults.push(`the client saw ${numbers.join()}`);
  if (numbers.length !== turn.last_event) faults.push("the client missed events");
  const twice = effects.filter((line, i) => effects.indexOf(line) !== i);
  if (twice.length > 0) faults.push(`commands ${twice.join()} ran twice`);
  const lost = COMMANDS.filter((n) => !effects.includes(String(n)));
  if (lost.length > 0) faults.push(`commands ${lost.join()} left no effect`);
  const results = seen.filter((event) => event.type === "tool_ended" && event.command !== null);
  for (const n of COMMANDS) if (!results.some(isResultOf(n))) faults.push(`no real result of ${n}`);
  if (results.length !== COMMANDS.length) faults.push(`${results.length} results of commands`);
  if (count !== "count 1\n") faults.push(`the edited file holds ${count}`);
  return faults;
}

/** All that the command said, and how it really ended. */
const isResultOf = (n: number) => (event: JournalEvent) =>
  event.type === "tool_ended" &&
  event.command?.outcome === "exited" &&
  event.command.exit_code === 0 &&
  event.result.includes(`${n} began\n${n} ended`);

/** Every tenth in the middle of a command; the others by turns right after an event, and at any time. */
function momentOf(kill: number, random: () => number, calm: Outcome): Moment {
  if (kill % 10 === 0) return { kind: "in command" };
  if (kill % 2 === 1) return { kind: "time", after_ms: random() * calm.took_ms };
  return { kind: "event", seq: 1 + Math.floor(random() * (calm.seen.length - 1)) };
}

const adoptions = ({ seen }: Outcome) => seen.filter(({ type }) => type === "tool_adopted").length;

test(
  `kill -9 of the server at ${KILLS} random points of a turn: 0 lost, 0 twice, every result real`,
  { timeout: KILLS * 60_000 },
  async () => {
    await open();
    expect(broken(await runThrough({ kind: "never" }))).toEqual([]);
    // The first turn of a server is slower than those that are killed.
    const calm = await runThrough({ kind: "never" });
    const random = seeded(seed);
    let adopted = 0;
    for (let kill = 0; kill < KILLS; kill++) {
      const outcome = await runThrough(momentOf(kill, random, calm));
      expect(outcome.killed, "the event never came").toBe(true);
      expect(broken(outcome), `kill ${kill}`).toEqual([]);
      adopted += adoptions(outcome);
    }
    expect(adopted).toBeGreaterThan(0);
    report("kill -9 of the server", KILLS, `0 lost, 0 twice; ${adopted} running commands adopted`);
  },
);

test("the planted fault is seen: without J3 the command runs twice", async () => {
  await open("serve-forgetful.ts");
  expect(broken(await runThrough({ kind: "in command" }))).toContain("commands 3 ran twice");
});
