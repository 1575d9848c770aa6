/**
 * Two long commands, one that its turn waits for and one in the background, while clients come and go
 * and the server is killed and restarted. Both begin with a limit that they outlive only because they
 * are given more time again and again.
 */
import { mkdtemp, readFile, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { lastUserText } from "@mainstay/fake-provider/chat-request";
import { type FakeProvider, startFakeProvider } from "@mainstay/fake-provider/fake-provider";
import type { ScriptFunction } from "@mainstay/fake-provider/script";
import type { Client } from "@mainstay/sdk/client";
import { systemClock as clock } from "@mainstay/sdk/clock";
import type { Command } from "@mainstay/sdk/commands";
import { afterEach, expect, test } from "vitest";
import { registerFolder } from "../packages/server/test/house/folder.ts";
import { calls, says } from "../packages/server/test/house/house.ts";
import {
  createServerProcess,
  type ServerProcess,
} from "../packages/server/test/house/server-process.ts";
import { report, rounds, seed } from "./plan.ts";
import { seeded } from "./seeded.ts";

/** What happens is spread over ten minutes; in a short run it comes at once, and but one restart. */
const EVENTS = rounds({ short: 3, long: 60 });
const BETWEEN_MS = rounds({ short: 0, long: 10_000 });
const FIRST_LIMIT_S = 30;
const MORE_S = 30;
const LINES_A_PIECE = 5;

const printing = (name: string) => `printf x >> ${name}-began
i=0
until [ -e ${name}-stop ]; do i=$((i+1)); echo "line $i"; sleep 0.05; done
printf 'over after %d' $i`;

/** What `printing` prints first. */
const TRUTH = Array.from({ length: 50_000 }, (_, at) => `line ${at + 1}\n`).join("");

const script: ScriptFunction = (request) => {
  const last = request.messages.at(-1)!;
  if (last.role === "tool") return says(`told: ${JSON.stringify(last.content)}`);
  return calls("shell", JSON.parse(lastUserText(request)) as object);
};

interface Stage {
  readonly home: string;
  readonly folder: string;
  readonly model: FakeProvider;
  readonly server: ServerProcess;
  readonly client: Client;
}

let stage: Stage | undefined;
afterEach(async () => {
  if (stage === undefined) return;
  const { server, model, home, folder } = stage;
  stage = undefined;
  await server.stop("SIGINT");
  await model.close();
  for (const path of [home, folder]) await rm(path, { recursive: true, force: true });
});

async function open(): Promise<Stage> {
  const scratch = async () => realpath(await mkdtemp(join(tmpdir(), "mainstay-jobs-")));
  const [home, folder] = [await scratch(), await scratch()];
  const model = await startFakeProvider({ script, clock });
  const server = await createServerProcess(home, model.url);
  await server.start();
  stage = { home, folder, model, server, client: await server.client() };
  await registerFolder(stage.client, folder, true);
  return stage;
}

/** A command, and as much of its output as was read. */
interface Job {
  readonly name: string;
  readonly command: Command;
  read: string;
}

async function begin({ client, folder }: Stage, name: string, background: boolean): Promise<Job> {
  const input = {
    command: printing(name),
    background,
    ...(!background && { timeout_s: FIRST_LIMIT_S }),
  };
  const { id } = await client.turns.create({ message: JSON.stringify(input), workspace: folder });
  for await (const { type } of client.events(id)) {
    if (type === (background ? "settled" : "output")) break;
  }
  const [command] = (await client.commands.list({ turn_id: id })).items;
  return { name, command: command!, read: "" };
}

/** Reads on where it was left, and holds every piece against what was printed. */
async function readOn({ client }: Stage, job: Job): Promise<void> {
  for (;;) {
    const piece = await client.commands.output(job.command.id, job.read.length);
    expect(piece.from, "the log goes on where it was left").toBe(job.read.length);
    job.read += Buffer.from(piece.base64, "base64").toString();
    if (piece.next >= piece.kept_bytes) return;
  }
}

/** Watches for a while: every piece lies where it says. */
async function watch({ client }: Stage, { command }: Job): Promise<void> {
  let heard = 0;
  for await (const event of client.commands.events(command.id)) {
    expect(event.type, "it has not ended").not.toBe("ended");
    if (event.type !== "output") continue;
    expect(TRUTH.startsWith(event.text, event.offset), "live text is what was printed").toBe(true);
    if ((heard += 1) === LINES_A_PIECE) return;
  }
}

/** Gives more time, and finds that it holds. */
async function extend({ client }: Stage, job: Job): Promise<void> {
  const before = await client.commands.get(job.command.id);
  const now = await client.commands.extend(job.command.id, { for_s: MORE_S });
  expect(now.wall_ms).toBe(before.wall_ms + MORE_S * 1000);
}

/** What its limit would kill before long is given more. */
async function keepAlive(on: Stage, jobs: Job[]): Promise<void> {
  for (const job of jobs) {
    const { wall_ms, progress } = await on.client.commands.get(job.command.id);
    if (wall_ms - (progress?.elapsed_ms ?? 0) < MORE_S * 1000) await extend(on, job);
  }
}

const happenings = ["extend", "reconnect", "kill", "stop"] as const;

async function happen(on: Stage, what: (typeof happenings)[number], jobs: Job[]): Promise<void> {
  const limits = await Promise.all(jobs.map(({ command }) => on.client.commands.get(command.id)));
  if (what === "kill") await on.server.kill();
  if (what === "stop") expect(await on.server.stop("SIGTERM")).toBe(0);
  if (what === "kill" || what === "stop") await on.server.start();
  for (const [at, job] of jobs.entries()) {
    const now = await on.client.commands.get(job.command.id);
    expect(now, "it runs on, with the limit that it was given").toMatchObject({
      ...{ state: "running", wall_ms: limits[at]!.wall_ms },
    });
    if (what === "extend") await extend(on, job);
    if (what === "reconnect") await watch(on, job);
    await readOn(on, job);
  }
}

/** Lets it end, and finds that it ran once, whole, and that all of it was read. */
async function finish(on: Stage, job: Job): Promise<number> {
  await writeFile(join(on.folder, `${job.name}-stop`), "");
  for await (const event of on.client.commands.events(job.command.id)) {
    if (event.type !== "ended") continue;
    expect(event.command.outcome).toMatchObject({ ran: "ran", exit_code: 0, timed_out: false });
  }
  await readOn(on, job);
  const [, lines, last] = /^([^]*)over after (\d+)$/.exec(job.read) ?? [];
  expect(lines).toBe(TRUTH.slice(0, lines?.length));
  expect(lines?.split("\n").length).toBe(Number(last) + 1);
  expect(await readFile(join(on.folder, `${job.name}-began`), "utf8")).toBe("x");
  return Number(last);
}

test(
  `${EVENTS} reconnects, kills, restarts and extensions under two long commands`,
  { timeout: 60_000 + EVENTS * (BETWEEN_MS + 30_000) },
  async () => {
    const on = await open();
    const random = seeded(seed);
    const jobs = [await begin(on, "waited-for", false), await begin(on, "background", true)];
    const counts = { reconnect: 0, kill: 0, stop: 0, extend: 0 };
    for (let n = 0; n < EVENTS; n += 1) {
      // Each of them early on, then as it comes.
      const what = happenings[n < 4 ? n : Math.floor(random() * happenings.length)]!;
      counts[what] += 1;
      await happen(on, what, jobs);
      await clock.sleep(random() * 2 * BETWEEN_MS);
      await keepAlive(on, jobs);
    }
    const lines = [await finish(on, jobs[0]!), await finish(on, jobs[1]!)];
    const { turn_id } = jobs[0]!.command;
    for await (const { type } of on.client.events(turn_id)) if (type === "settled") break;
    expect(await on.client.turns.get(turn_id)).toMatchObject({ state: "done" });
    const told = Object.entries(counts).map(([what, n]) => `${n} ${what}`);
    report(told.join(", "), EVENTS, `both ran once and whole; ${lines.join(" and ")} lines`);
  },
);
