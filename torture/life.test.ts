/**
 * The server is killed and restarted again and again while commands run. The executor lives on: of
 * what a command prints and does, and of what the journal tells of it, nothing is lost or doubled.
 */
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startFakeProvider } from "@mainstay/fake-provider/fake-provider";
import { Unreachable } from "@mainstay/sdk/call";
import type { Client } from "@mainstay/sdk/client";
import { systemClock } from "@mainstay/sdk/clock";
import { type BodyOf, type ClientEvent, isJournalEvent } from "@mainstay/sdk/events";
import { expect, onTestFinished, test } from "vitest";
import { registerFolder } from "../packages/server/test/house/folder.ts";
import { calls, says } from "../packages/server/test/house/house.ts";
import {
  createServerProcess,
  type Entry,
  type ServerProcess,
} from "../packages/server/test/house/server-process.ts";
import { report, rounds, seed } from "./plan.ts";
import { seeded } from "./seeded.ts";

const KILLS = rounds({ short: 4, long: 49 });
const TURNS = 2;
const LINES = 40;
/** The longest until the commands that a server found go on, and from then until it is killed. */
const UP_MS = 600;

const linesOf = (name: string): string =>
  Array.from({ length: LINES }, (_, i) => `${name} line ${i + 1}\n`).join("");

/**
 * Prints its lines and writes the same ones to a file of its own. In the middle it waits to be let
 * go, so that kills meet it wherever it is.
 */
const scriptOf = (name: string): string => `
  count() { for i in $(seq $1 $2); do echo ${name} line $i | tee -a ${name}; sleep 0.01; done; }
  count 1 ${LINES / 2}
  until test -e go/${name} -o -e go/all; do sleep 0.02; done
  count ${LINES / 2 + 1} ${LINES}`;

interface Stage {
  readonly server: ServerProcess;
  readonly entry: Entry;
  readonly client: Client;
  readonly folder: string;
  /** How many commands the model has ordered. */
  ordered(): number;
  /** Lets the first `n` commands come to their end. */
  goOn(n: number): Promise<void>;
  /** The model orders no more commands: each turn ends with the one that runs. */
  enough(): Promise<void>;
}

async function openStage(entry: Entry): Promise<Stage> {
  let ordered = 0;
  let is_enough = false;
  const model = await startFakeProvider({
    script: () =>
      is_enough ? says("Enough.") : calls("shell", { command: scriptOf(`c${++ordered}`) }),
    clock: systemClock,
  });
  const home = await mkdtemp(join(tmpdir(), "mainstay-life-"));
  const folder = await mkdtemp(join(tmpdir(), "mainstay-life-ws-"));
  const server = await createServerProcess(home, model.url);
  onTestFinished(async () => {
    await server.stop("SIGINT");
    await model.close();
    for (const path of [home, folder])
      await rm(path, { recursive: true, force: true, maxRetries: 10 });
  });
  await server.start(entry);
  const client = await server.client();
  await registerFolder(client, folder, true);
  await mkdir(join(folder, "go"));
  return {
    ...{ server, entry, client, folder },
    ordered: () => ordered,
    async goOn(n) {
      for (let i = 1; i <= n; i++) await writeFile(join(folder, "go", `c${i}`), "");
    },
    async enough() {
      is_enough = true;
      await writeFile(join(folder, "go", "all"), "");
    },
  };
}

/** What a client saw of a turn from its beginning to its end, over all restarts. */
interface Followed {
  readonly events: readonly ClientEvent[];
  readonly faults: readonly string[];
}

interface Following {
  readonly first_output: Promise<void>;
  /** Resolves when the turn has got on since that wall time, or has begun a command. */
  atWork(since_ms: number): Promise<void>;
  /** Resolves when the turn has got on since that wall time. */
  progress(since_ms: number): Promise<void>;
  readonly over: Promise<Followed>;
}

const GOT_ON = ["tool_adopted", "tool_ended", "step_ended"];

function follow({ client }: Stage, turn_id: string): Following {
  const first_output = Promise.withResolvers<void>();
  const events: ClientEvent[] = [];
  const faults: string[] = [];
  const heard = new Map<string, string>();

  function hear({ call_id, offset, text }: Extract<ClientEvent, { type: "output" }>): void {
    first_output.resolve();
    const has = heard.get(call_id) ?? "";
    if (offset > has.length) faults.push(`output of ${call_id} from ${has.length} on was not told`);
    heard.set(call_id, has + text.slice(Math.max(0, has.length - offset)));
  }

  async function watch(): Promise<Followed> {
    let settled = false;
    // Against a server that is mostly away a client may give up: it comes again, as a person would.
    for (let after = 0; !settled; after = events.findLast(isJournalEvent)?.seq ?? 0) {
      try {
        for await (const event of client.events(turn_id, { after })) {
          events.push(event);
          if (event.type === "output") hear(event);
          settled ||= event.type === "settled";
        }
      } catch (fault) {
        if (!(fault instanceof Unreachable)) throw fault;
      }
    }
    for (const { call_id, result } of endsIn(events))
      if (!result.startsWith(heard.get(call_id) ?? "")) faults.push(`${call_id} was told wrongly`);
    return { events, faults };
  }
  async function told(types: readonly string[], since_ms: number): Promise<void> {
    const isIt = (event: ClientEvent) =>
      isJournalEvent(event) && types.includes(event.type) && event.at >= since_ms;
    while (!events.some(isIt)) await systemClock.sleep(20);
  }

  return {
    first_output: first_output.promise,
    atWork: (since_ms) => told([...GOT_ON, "tool_started"], since_ms),
    progress: (since_ms) => told(GOT_ON, since_ms),
    over: watch(),
  };
}

const endsIn = (events: readonly ClientEvent[]): BodyOf<"tool_ended">[] =>
  events.filter((event) => event.type === "tool_ended");

/** The promises, each with what breaks it. */
async function broken(folder: string, followed: readonly Followed[]): Promise<string[]> {
  const faults = followed.flatMap((each) => each.faults);
  const ended = new Set<string>();
  for (const { events } of followed) {
    const journal = events.filter(isJournalEvent);
    if (journal.some(({ seq }, i) => seq !== i + 1)) faults.push("events were lost or doubled");
    const last = journal.at(-1);
    if (last?.type !== "settled" || last.state !== "done")
      faults.push(`it ended so: ${JSON.stringify(journal.slice(-9))}`);
    for (const { outcome, result } of endsIn(events)) {
      const name = result.split(" ", 1)[0]!;
      if (ended.has(name)) faults.push(`${name} ended twice`);
      ended.add(name);
      if (outcome !== "ok" || !result.startsWith(`${linesOf(name)}[exit 0`))
        faults.push(`${name} ended ${outcome}: ${result.slice(-200)}`);
    }
  }
  for (const name of (await readdir(folder)).filter((file) => file !== "go")) {
    if (!ended.has(name)) faults.push(`${name} ran, and nobody was told`);
    if ((await readFile(join(folder, name), "utf8")) !== linesOf(name))
      faults.push(`the effects of ${name} are not one of each`);
  }
  return faults;
}

/**
 * Kills and restarts the server `kills` times, at random moments of what goes on. After every second
 * one the turns get on first, however slow the machine: three resumes without would poison them (J7).
 * The first kill meets commands that wait to be let go, and are when they were adopted.
 */
async function torment(
  { server, entry, ordered, goOn, enough }: Stage,
  following: readonly Following[],
  kills: number,
): Promise<void> {
  const random = seeded(seed);
  let since_ms = 0;
  let met = 0;
  for (let kill = 0; kill < kills; kill++) {
    if (kill % 2 === 1) {
      // A command that began after the restart waits, and its turn with it, until it is let go.
      await Promise.all(following.map((each) => each.atWork(since_ms)));
      await goOn(ordered());
      await Promise.all(following.map((each) => each.progress(since_ms)));
    }
    await systemClock.sleep(random() * UP_MS);
    await goOn(met);
    await systemClock.sleep(random() * UP_MS);
    if (random() < 0.5) await server.stop("SIGTERM");
    else await server.kill();
    since_ms = systemClock.now();
    met = ordered();
    await server.start(entry);
  }
  await enough();
}

/** Begins the turns and waits until each runs its first command. */
async function begin(stage: Stage): Promise<Following[]> {
  const request = { message: "count", workspace: stage.folder };
  const asked = Array.from({ length: TURNS }, () => stage.client.turns.create(request));
  const following = (await Promise.all(asked)).map(({ id }) => follow(stage, id));
  await Promise.all(following.map(({ first_output }) => first_output));
  return following;
}

const allOver = (following: readonly Following[]): Promise<Followed[]> =>
  Promise.all(following.map(({ over }) => over));

test(
  `SIGKILL or SIGTERM ${KILLS} times while commands run: every line of their output and effects once`,
  { timeout: KILLS * 60_000 },
  async () => {
    const stage = await openStage("serve.ts");
    const following = await begin(stage);
    await torment(stage, following, KILLS);
    const seen = await allOver(following);
    expect(await broken(stage.folder, seen)).toEqual([]);
    const events = seen.flatMap((each) => each.events);
    const adoptions = events.filter((event) => event.type === "tool_adopted");
    expect(adoptions.length).toBeGreaterThan(0);
    const took_ms = adoptions.map((event) => event.took_ms).toSorted((a, b) => a - b);
    report(
      "server killed while commands run",
      KILLS,
      `${endsIn(events).length} commands, ${adoptions.length} adoptions, 0 lost, 0 doubled; ` +
        `adopted after ${middle(took_ms).toFixed(1)} ms (median), ${took_ms.at(-1)!.toFixed(1)} ms (slowest)`,
    );
  },
);

test("the planted fault is seen: a server that forgets what it began runs a command twice", async () => {
  const stage = await openStage("serve-forgetful.ts");
  const following = await begin(stage);
  await torment(stage, following, 1);
  expect((await broken(stage.folder, await allOver(following))).join("\n")).toMatch(/effects of/);
});

const middle = (sorted: readonly number[]): number => sorted[Math.floor(sorted.length / 2)]!;
