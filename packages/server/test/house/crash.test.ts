import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startFakeProvider } from "@mainstay/fake-provider/fake-provider";
import type { ScriptFunction } from "@mainstay/fake-provider/script";
import { systemClock } from "@mainstay/sdk/clock";
import { type ClientEvent, isJournalEvent, type JournalEvent } from "@mainstay/sdk/events";
import type { Turn } from "@mainstay/sdk/turn";
import { expect, test } from "vitest";
import { registerFolder } from "./folder.ts";
import { calls, says } from "./house.ts";
import { createServerProcess, type ServerProcess } from "./server-process.ts";

const STEPS = 6;
const KILLS = 10;
const SEED = 20_261_122;
/** Events of an undisturbed run, live ones included: the kill falls after one of them. */
const EVENTS = 40;

/** Each step appends its number to a file and takes a little while: an effect that can be counted. */
const sixSteps: ScriptFunction = (request) => {
  const step = 1 + request.messages.filter((message) => message.role === "assistant").length;
  if (step > STEPS) return says("All six are done.");
  return calls("shell", {
    intent: `step ${step}`,
    command: `echo ${step} >> effects.txt; echo began; sleep 0.05; echo ended`,
  });
};

interface Outcome {
  readonly turn: Turn;
  /** What the client saw, over all its connections. */
  readonly seen: readonly JournalEvent[];
  readonly effects: readonly string[];
}

type Entry = "serve.ts" | "serve-forgetful.ts";

/** Runs the turn, kills the server at the wished event, starts it again and waits for the end. */
async function killedAt(
  isPoint: (event: ClientEvent, n: number) => boolean,
  entry: Entry,
): Promise<Outcome> {
  const home = await mkdtemp(join(tmpdir(), "mainstay-crash-"));
  const folder = await mkdtemp(join(tmpdir(), "mainstay-crash-ws-"));
  const model = await startFakeProvider({ script: sixSteps, clock: systemClock });
  const server = await createServerProcess(home, model.url);
  try {
    await server.start(entry);
    const client = await server.client();
    await registerFolder(client, folder, true);
    const asked = await client.turns.create({ message: "go", workspace: folder });
    const seen = await followThroughCrash(server, asked.id, isPoint, entry);
    const turn = await client.turns.get(asked.id);
    const effects = (await readFile(join(folder, "effects.txt"), "utf8")).trim().split("\n");
    return { turn, seen, effects };
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
  isPoint: (event: ClientEvent, n: number) => boolean,
  entry: Entry,
): Promise<JournalEvent[]> {
  const client = await server.client();
  const seen: JournalEvent[] = [];
  let killed = false;
  let n = 0;
  for await (const event of client.events(turn_id)) {
    if (isJournalEvent(event)) seen.push(event);
    n += 1;
    if (killed || !isPoint(event, n)) continue;
    killed = true;
    await server.kill();
    void server.start(entry);
  }
  return seen;
}

/** The promises that a crash must not break, each with what breaks it. */
function broken({ turn, seen, effects }: Outcome): string[] {
  const faults: string[] = [];
  if (turn.state !== "done") faults.push(`the turn is ${turn.state}`);
  const numbers = seen.map((event) => event.seq);
  if (numbers.some((seq, i) => seq !== i + 1))
    faults.push(`the client saw events ${numbers.join()}`);
  if (numbers.length !== turn.last_event) faults.push(`the client missed events`);
  const twice = effects.filter((line, i) => effects.indexOf(line) !== i);
  if (twice.length > 0) faults.push(`steps ${twice.join()} ran twice`);
  const real = turn.commands.filter((command) => command.outcome === "exited").length;
  const unknown = turn.commands.filter((command) => command.outcome === "unknown").length;
  if (real + unknown !== STEPS) faults.push(`${real} commands ended, ${unknown} are unknown`);
  if (effects.length < real) faults.push(`only ${effects.length} effects of ${real} commands`);
  return faults;
}

test(
  `kill -9 at ${KILLS} random points of a ${STEPS}-step turn (seed ${SEED}): nothing lost, nothing twice`,
  { timeout: 180_000 },
  async () => {
    const random = seeded(SEED);
    for (let kill = 0; kill < KILLS; kill++) {
      const point = 1 + Math.floor(random() * EVENTS);
      const outcome = await killedAt((_, n) => n === point, "serve.ts");
      expect(broken(outcome), `killed after event ${point}`).toEqual([]);
    }
  },
);

const duringThirdCommand = (event: ClientEvent): boolean =>
  event.type === "output" && event.text.includes("began") && ++began === 3;
let began = 0;

test("a command that dies with the server is told as *outcome unknown*, not run again", async () => {
  began = 0;
  const outcome = await killedAt(duringThirdCommand, "serve.ts");
  expect(broken(outcome)).toEqual([]);
  const lost = outcome.seen.filter(
    (event) => event.type === "tool_ended" && event.outcome === "unknown",
  );
  expect(lost).toHaveLength(1);
  expect(lost[0]).toMatchObject({ result: expect.stringContaining("Outcome unknown") });
});

test("the planted fault is seen: without J3 the command runs twice", async () => {
  began = 0;
  const outcome = await killedAt(duringThirdCommand, "serve-forgetful.ts");
  expect(broken(outcome)).toEqual(["steps 3 ran twice"]);
});

/** Mulberry32. */
function seeded(seed: number): () => number {
  let a = seed;
  return () => {
    a = (a + 0x6d2b79f5) | 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}
