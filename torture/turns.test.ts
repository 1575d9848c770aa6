/**
 * Many turns, then SIGTERM: the server and its executor hold no more after the last turn than after
 * the first, and when both have ended nothing of them is left on the machine.
 */
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { launchExecutor } from "@mainstay/executor/launch";
import { lastUserText } from "@mainstay/fake-provider/chat-request";
import { type FakeProvider, startFakeProvider } from "@mainstay/fake-provider/fake-provider";
import type { ScriptFunction } from "@mainstay/fake-provider/script";
import type { Client } from "@mainstay/sdk/client";
import { systemClock as clock } from "@mainstay/sdk/clock";
import { afterEach, expect, test } from "vitest";
import { registerFolder } from "../packages/server/test/house/folder.ts";
import { calls, says } from "../packages/server/test/house/house.ts";
import {
  createServerProcess,
  type Entry,
  type ServerProcess,
} from "../packages/server/test/house/server-process.ts";
import { type Footprint, footprintOf, growthOf, outliving, processes } from "./footprint.ts";
import { report, rounds } from "./plan.ts";

const TURNS = rounds({ short: 60, long: 1_000 });
/** By then everything was used once; what comes after is growth. */
const WARM_TURNS = rounds({ short: 20, long: 100 });
const AT_ONCE = 5;
const LOOK_EVERY = rounds({ short: 5, long: 25 });
/** Turns between those that run a command. */
const COMMAND_EVERY = 5;

const FD_GROWTH = 5;
/** Of 1,000 turns; fewer say nothing about a heap that is still being warmed up. */
const PSS_GROWTH_BYTES = rounds({ short: Infinity, long: 20 * 2 ** 20 });

const EXECUTOR_IDLE_MS = 2_000;

const script: ScriptFunction = (request) => {
  const said = lastUserText(request);
  if (request.messages.at(-1)?.role === "tool") return says(`Done: ${said}`);
  return said.includes("command")
    ? calls("shell", { intent: "work", command: "echo $$ > last; seq 100; sleep 0.01" })
    : calls("list_files", {});
};

interface Stage {
  readonly home: string;
  readonly folder: string;
  /** The temporary files of the server and all that it starts. */
  readonly scratch: string;
  readonly model: FakeProvider;
  readonly server: ServerProcess;
  readonly executor_pid: number;
}

let stage: Stage;
afterEach(async () => {
  await stage.server.kill();
  await stage.model.close();
  await gone(stage.executor_pid);
  for (const folder of [stage.home, stage.folder, stage.scratch])
    await rm(folder, { recursive: true, force: true, maxRetries: 10 });
});

const folder = (name: string) => mkdtemp(join(tmpdir(), `mainstay-turns-${name}-`));

async function open(entry: Entry): Promise<Client> {
  const [home, workspace, scratch] = await Promise.all(["home", "ws", "tmp"].map(folder));
  const model = await startFakeProvider({ script, clock });
  // One that ends soon after its server, which finds it here and takes it over.
  const executor = await launchExecutor({
    ...{ home: home!, epoch: 0, node_path: process.execPath, ripgrep_path: null, clock },
    idle_ms: EXECUTOR_IDLE_MS,
    log: () => undefined,
  });
  const server = await createServerProcess(home!, model.url);
  const executor_pid = executor.pid;
  stage = { home: home!, folder: workspace!, scratch: scratch!, model, server, executor_pid };
  await server.start(entry, { env: { TMPDIR: stage.scratch } });
  const client = await server.client();
  await registerFolder(client, stage.folder, true);
  await runTurn(client, 0);
  await executor.closed;
  return client;
}

interface Look {
  readonly turns: number;
  readonly server: Footprint;
  readonly executor: Footprint;
}

/** Does the turns, a few at once, and looks at both processes while none runs. */
async function runTurns(client: Client): Promise<Look[]> {
  const looks: Look[] = [];
  for (let turns = 0; turns < TURNS; turns += AT_ONCE) {
    await Promise.all(Array.from({ length: AT_ONCE }, (_, i) => runTurn(client, turns + i)));
    if (turns >= WARM_TURNS && turns % LOOK_EVERY === 0) looks.push(lookAt(turns));
  }
  return looks;
}

async function runTurn(client: Client, n: number): Promise<void> {
  const message = `${n % COMMAND_EVERY === 0 ? "command" : "look"} ${n}`;
  const turn = await client.turns.create({ message, workspace: stage.folder }, { wait_s: 60 });
  expect(turn).toMatchObject({ state: "done", answer: `Done: ${message}` });
}

const lookAt = (turns: number): Look => ({
  turns,
  server: footprintOf(stage.server.pid()!),
  executor: footprintOf(stage.executor_pid),
});

/** What grows, and by how much too much. */
function leaks(looks: readonly Look[]): string[] {
  const growth = (of: (look: Look) => number) =>
    growthOf(looks.map((look) => ({ turns: look.turns, value: of(look) })));
  return (["server", "executor"] as const).flatMap((name) => {
    const fds = growth((look) => look[name].fds);
    const pss_bytes = growth((look) => look[name].pss_bytes);
    return [
      ...(fds > FD_GROWTH ? [`${name}: ${Math.round(fds)} more descriptors`] : []),
      ...(pss_bytes > PSS_GROWTH_BYTES ? [`${name}: ${mib(pss_bytes)} more memory`] : []),
    ];
  });
}

const mib = (bytes: number) => `${(bytes / 2 ** 20).toFixed(1)} MB`;

/** What a turn left running: children of the executor, and the dead that nobody has taken leave of. */
function orphans(): string[] {
  const ours = new Set([stage.server.pid(), stage.executor_pid]);
  return processes()
    .filter(({ pid, parent, command }) => !ours.has(pid) && (ours.has(parent) || isOurs(command)))
    .map(({ pid, state, command }) => `${pid} ${state} ${command}`);
}

const isOurs = (command: string) =>
  [stage.home, stage.folder].some((path) => command.includes(path));

async function gone(pid: number): Promise<void> {
  while (processes().some((each) => each.pid === pid && each.state !== "Z")) await clock.sleep(20);
}

/** Mounts, sockets, FIFOs and temporary files that outlive both processes. */
async function leftovers(): Promise<string[]> {
  const mounts = (await readFile("/proc/self/mountinfo", "utf8")).split("\n").filter(isOurs);
  const entries = await readdir(stage.home, { recursive: true, withFileTypes: true });
  const special = entries.filter((entry) => entry.isFIFO() || entry.isSocket());
  const spooled = entries.filter(
    (entry) => entry.isFile() && entry.parentPath.startsWith(join(stage.home, "exec", "spool")),
  );
  const scratch = await readdir(stage.scratch);
  const names = [...special, ...spooled].map(({ parentPath, name }) => join(parentPath, name));
  return [...mounts, ...names, ...scratch];
}

test(`${TURNS} turns, then SIGTERM: 0 orphans, descriptors and memory flat`, async () => {
  const client = await open("serve.ts");
  const looks = await runTurns(client);
  expect(leaks(looks)).toEqual([]);
  expect(await outliving(orphans)).toEqual([]);
  expect(await stage.server.stop("SIGTERM")).toBe(0);
  await gone(stage.executor_pid);
  expect(await outliving(orphans)).toEqual([]);
  expect(await leftovers()).toEqual([]);
  report(
    "turns, then SIGTERM",
    TURNS,
    `0 orphans; ${told(looks, "server")}; ${told(looks, "executor")}`,
  );
});

function told(looks: readonly Look[], name: "server" | "executor"): string {
  const sample = (of: (footprint: Footprint) => number) =>
    looks.map((look) => ({ turns: look.turns, value: of(look[name]) }));
  const pss = growthOf(sample(({ pss_bytes }) => pss_bytes));
  const fds = growthOf(sample(({ fds }) => fds));
  const last = looks.at(-1)![name];
  return `${name} ${mib(last.pss_bytes)} (${mib(pss)} growth), ${last.fds} descriptors (${fds.toFixed(1)} growth)`;
}

test("the planted leak is seen", async () => {
  const looks = await runTurns(await open("serve-leaky.ts"));
  expect(leaks(looks)).toContainEqual(expect.stringMatching(/^server: \d+ more descriptors$/));
  if (PSS_GROWTH_BYTES < Infinity)
    expect(leaks(looks)).toContainEqual(expect.stringMatching(/^server: .* more memory$/));
});
