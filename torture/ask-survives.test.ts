/**
 * A person at a terminal whose server restarts under `mainstay ask` and `mainstay chat`: one line
 * when it goes, one when it is back, the whole answer, nothing twice, the right exit code.
 */
import { mkdtemp, readFile, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { lastUserText } from "@mainstay/fake-provider/chat-request";
import { type FakeProvider, startFakeProvider } from "@mainstay/fake-provider/fake-provider";
import type { ScriptFunction } from "@mainstay/fake-provider/script";
import type { Client } from "@mainstay/sdk/client";
import { systemClock as clock } from "@mainstay/sdk/clock";
import { afterEach, expect, test } from "vitest";
import { type CliRun, runCli } from "../packages/cli/test/run-cli.ts";
import { registerFolder } from "../packages/server/test/house/folder.ts";
import { calls, says } from "../packages/server/test/house/house.ts";
import {
  createServerProcess,
  type ServerProcess,
} from "../packages/server/test/house/server-process.ts";
import { report, rounds, seed } from "./plan.ts";
import { seeded } from "./seeded.ts";

const ROUNDS = rounds({ short: 5, long: 60 });
const WORDS = Array.from({ length: 40 }, (_, i) => `word${i + 1}.`).join(" ");
const LINES = 10;
/** It changes a file, so that somebody is asked; it does not end before the server is away. */
const COUNT = `touch counted; for i in $(seq ${LINES}); do echo "line $i;"; sleep 0.07; done
until test -e away; do sleep 0.02; done`;
const RESTART = "── cut off; the answer starts again ──";

const CHUNK_SIZE = 7;
/** What is said of an answer after the word that is waited for. */
const MORE_CHUNKS = 3;
/** How much of its answer the model says before the server is away. */
let says_chunks: number | null = null;

const script: ScriptFunction = (request) => {
  const said = lastUserText(request);
  const stalls = says_chunks === null ? {} : { stall_after_chunks: says_chunks };
  if (!said.includes("count"))
    return { text: WORDS, chunk_size: CHUNK_SIZE, between_ms: 18, ...stalls };
  if (request.messages.at(-1)?.role === "tool") return says("Counted.");
  return calls("shell", { intent: "count", command: COUNT });
};

/** Where the server goes away. */
const moments = ["answer", "command", "consent", "accepted", "prompt"] as const;

interface Round {
  readonly moment: (typeof moments)[number];
  readonly how: "kill" | "SIGTERM";
  readonly by: "socket" | "tcp";
  readonly command: "ask" | "chat";
  /** Uniform in [0, 1): how far into the answer or the command. */
  readonly depth: number;
}

function roundOf(n: number, random: () => number): Round {
  const moment = moments[n % moments.length]!;
  return {
    moment,
    how: random() < 0.5 ? "kill" : "SIGTERM",
    by: random() < 0.5 ? "socket" : "tcp",
    // Only a chat has a person who may type while no turn runs.
    command: moment === "prompt" || random() < 0.5 ? "chat" : "ask",
    depth: random(),
  };
}

interface Stage {
  readonly home: string;
  readonly trusted: string;
  readonly careful: string;
  readonly model: FakeProvider;
  readonly server: ServerProcess;
  readonly client: Client;
}

let stage: Stage | undefined;
let run: CliRun | undefined;
afterEach(async () => {
  run?.kill();
  if (stage === undefined) return;
  const { server, model, home, trusted, careful } = stage;
  stage = undefined;
  await server.stop("SIGINT");
  await model.close();
  for (const folder of [home, trusted, careful])
    await rm(folder, { recursive: true, force: true, maxRetries: 10 });
});

async function open(): Promise<Stage> {
  const folder = async (name: string) =>
    realpath(await mkdtemp(join(tmpdir(), `mainstay-survives-${name}-`)));
  const [home, trusted, careful] = [await folder("home"), await folder("ws"), await folder("ask")];
  const model = await startFakeProvider({ script, clock });
  const server = await createServerProcess(home, model.url);
  await server.start();
  const client = await server.client();
  stage = { home, trusted, careful, model, server, client };
  await registerFolder(client, trusted, true);
  await registerFolder(client, careful, false);
  return stage;
}

async function envOf({ home, server }: Stage, { by }: Round): Promise<Record<string, string>> {
  if (by === "socket") return { MAINSTAY_HOME: home };
  const key = (await readFile(join(home, "owner.key"), "utf8")).trim();
  return { MAINSTAY_URL: server.url, MAINSTAY_KEY: key };
}

async function goAway({ server, trusted, careful }: Stage, { how }: Round): Promise<void> {
  if (how === "kill") await server.kill();
  else expect(await server.stop("SIGTERM")).toBe(0);
  says_chunks = null;
  for (const folder of [trusted, careful]) await writeFile(join(folder, "away"), "");
}

/** Nothing of the round ends before the server goes away. */
async function holdBack({ trusted, careful }: Stage, { moment, depth }: Round): Promise<void> {
  for (const folder of [trusted, careful]) await rm(join(folder, "away"), { force: true });
  const seen_chars = moment === "answer" ? WORDS.indexOf(wordAt(depth)) : 0;
  says_chunks = Math.ceil(seen_chars / CHUNK_SIZE) + MORE_CHUNKS;
}

const wordAt = (depth: number): string => `word${1 + Math.floor(depth * 30)}`;

interface Shown {
  readonly screen: string;
  readonly code: number | null;
}

/** Plays a round as the person sees it. */
async function play(on: Stage, round: Round): Promise<Shown> {
  const { moment, command, depth } = round;
  const message = moment === "command" || moment === "consent" ? "count" : "talk";
  const cwd = moment === "consent" ? on.careful : on.trusted;
  const [before] = await turnIds(on);
  await holdBack(on, round);
  run = runCli(command === "ask" ? ["ask", message] : ["chat"], {
    env: await envOf(on, round),
    cwd,
    terminal: true,
  });
  if (command === "chat") await run.sees("› ");
  if (moment === "prompt") await goAway(on, round);
  if (command === "chat") run.types(`${message}\r`);
  if (moment === "answer") await run.sees(wordAt(depth));
  if (moment === "command") await run.sees(`line ${1 + Math.floor(depth * (LINES - 2))};`);
  if (moment === "consent") await run.sees("[l]ater > ");
  if (moment === "accepted") await accepted(on, before);
  if (moment !== "prompt") await goAway(on, round);
  await run.sees("waiting for the server");
  await on.server.start();
  await run.sees("The server is back.");
  if (moment === "consent") {
    await run.sees("[l]ater > ");
    run.types("a\r");
  }
  await run.sees("tokens in");
  if (command === "chat") run.types("/exit\r");
  const code = await run.exits();
  expect((await turnIds(on))[1], "one request, one turn").toBe(before);
  return { screen: run.stdout().replaceAll(/\u001b\[[?\d;]*[A-Za-z]|\r/g, ""), code };
}

/** Resolves when the server has one more turn: the terminal may not have heard of it yet. */
async function accepted(on: Stage, before: string | undefined): Promise<void> {
  while ((await turnIds(on))[0] === before) await clock.sleep(5);
}

/** Newest first. */
const turnIds = async ({ client }: Stage) => (await client.turns.list()).items.map(({ id }) => id);

/** What a person would complain of. */
function broken({ moment }: Round, { screen, code }: Shown): string[] {
  const faults: string[] = [];
  const times = (text: string) => screen.split(text).length - 1;
  if (code !== 0) faults.push(`exit code ${code}`);
  for (const line of ["waiting for the server …", "The server is back."])
    if (times(line) !== 1) faults.push(`${line} ${times(line)} times`);
  const whole = moment === "command" || moment === "consent" ? "Counted." : WORDS;
  const [cut = "", again] = screen.split(RESTART);
  if (occurrences(again ?? cut, whole) !== 1) faults.push("not the whole answer once");
  if (again !== undefined && cut.includes(whole)) faults.push("a whole answer was taken back");
  if (whole !== WORDS) faults.push(...brokenOutput(screen));
  return faults;
}

/** What a command says while nobody is connected, and then ends, is counted instead of shown. */
function brokenOutput(screen: string): string[] {
  const lines = screen.match(/^ +line \d+;$/gm)?.map((line) => line.trim()) ?? [];
  const said = Array.from({ length: LINES }, (_, i) => `line ${i + 1};`);
  const missing = said.slice(lines.length).map((line) => line.length + 1);
  const mark = `[${missing.reduce((sum, bytes) => sum + bytes, 0)} bytes not shown]`;
  const told = lines.join() === said.slice(0, lines.length).join();
  const marked = missing.length === 0 ? !screen.includes("not shown") : screen.includes(mark);
  return told && marked ? [] : [`of the output there is ${lines.join()}, marked: ${marked}`];
}

const occurrences = (text: string, part: string) => text.split(part).length - 1;
test(
  `${ROUNDS} restarts of the server under ask and chat: nothing lost, nothing twice on the screen`,
  { timeout: ROUNDS * 60_000 },
  async () => {
    const on = await open();
    const random = seeded(seed);
    for (let n = 0; n < ROUNDS; n++) {
      const round = roundOf(n, random);
      const shown = await play(on, round);
      expect(broken(round, shown), `${JSON.stringify(round)}\n${shown.screen}`).toEqual([]);
    }
    report(
      "restarts under ask and chat",
      ROUNDS,
      "0 lost, 0 twice on the screen, every exit code 0",
    );
  },
);

test("what a person would complain of is seen", () => {
  const lines = Array.from({ length: LINES }, (_, i) => `  line ${i + 1};\n`).join("");
  const lost = "Connection lost; waiting for the server …\nThe server is back.\n";
  const good = `${lines}${lost}Counted.\n`;
  const round: Round = { moment: "command", how: "kill", by: "tcp", command: "ask", depth: 0 };
  expect(broken(round, { screen: good, code: 0 })).toEqual([]);
  const bad = [
    good.replace("  line 4;\n", "  line 4;\n  line 4;\n"),
    good.replace("  line 4;\n", ""),
    good.replace("  line 10;\n", ""),
    good.replace(lost, lost + lost),
    good.replace("Counted.", "Counted.Counted."),
    good.replace("Counted.\n", ""),
  ];
  for (const screen of bad) expect(broken(round, { screen, code: 0 }), screen).not.toEqual([]);
  expect(broken(round, { screen: good, code: 4 })).toEqual(["exit code 4"]);
});
