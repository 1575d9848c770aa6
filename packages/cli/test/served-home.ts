import { readdirSync, readFileSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { systemClock } from "@mainstay/sdk/clock";
import type { Turn } from "@mainstay/sdk/turn";
import { onTestFinished } from "vitest";
import { registerFolder } from "../../server/test/house/folder.ts";
import { clientFor } from "../../server/test/house/house.ts";

const LIMIT_MS = 60_000;
const LOOK_MS = 20;

export const root = fileURLToPath(new URL("../../..", import.meta.url));

interface Card {
  readonly pid: number;
  readonly url: string;
}

/** A data folder whose server somebody else starts and ends; it is only looked at here. */
export interface ServedHome {
  readonly env: Readonly<Record<string, string>>;
  /** The card of the server that runs, other than `not`. */
  server(not?: number): Promise<Card>;
  /** Begins a command that counts to `lines` and resolves, with its turn's id, at its first line. */
  count(lines: number): Promise<string>;
  /** Resolves with the settled turn, over restarts. */
  settled(turn_id: string): Promise<Turn>;
  /** What runs for this folder: its server, its executor, its commands. */
  running(): string[];
  /** Resolves when nothing runs for it any more; fails, naming what does, after a minute. */
  empty(): Promise<void>;
}

/** `lines` of a counting command, as it prints them. */
export const counted = (lines: number): string =>
  Array.from({ length: lines }, (_, i) => `line ${i + 1}\n`).join("");

export async function createServedHome(): Promise<ServedHome> {
  const home = await mkdtemp(join(tmpdir(), "mainstay-served-"));
  const folder = await mkdtemp(join(tmpdir(), "mainstay-served-ws-"));
  let is_registered = false;
  /** Commands are known from outside by how long they sleep. */
  const mark = `0.05${process.pid}${Math.floor(Math.random() * 1e6)}`;
  onTestFinished(async () => {
    pids().filter(isOurs).forEach(kill);
    await empty();
    for (const path of [home, folder])
      await rm(path, { recursive: true, force: true, maxRetries: 10 });
  });

  const isOurs = (pid: number): boolean => {
    const line = textOf(`/proc/${pid}/cmdline`);
    if (line.includes(home) || line.includes(mark)) return true;
    const serves = textOf(`/proc/${pid}/environ`).split("\0").includes(`MAINSTAY_HOME=${home}`);
    return serves && !/^(script|bash|tmux.*)\n$/.test(textOf(`/proc/${pid}/comm`));
  };
  const running = (): string[] =>
    pids()
      .filter(isOurs)
      .map((pid) => `${pid} ${textOf(`/proc/${pid}/cmdline`).replaceAll("\0", " ").slice(0, 200)}`);

  async function card(): Promise<Card | null> {
    const text = await readFile(join(home, "run", "server.json"), "utf8").catch(() => "null");
    return JSON.parse(text) as Card | null;
  }

  async function empty(): Promise<void> {
    await until(
      () => running().length === 0,
      () => `still there: ${running().join("; ")}`,
    );
  }

  async function client() {
    const found = await card().catch(() => null);
    const key = (await readFile(join(home, "owner.key"), "utf8")).trim();
    return clientFor(found?.url ?? "http://127.0.0.1:9", key);
  }

  return {
    env: {
      PATH: process.env["PATH"] ?? "",
      HOME: home,
      MAINSTAY_HOME: home,
      MAINSTAY_PORT: "0",
      MAINSTAY_DISCOVER_LOCAL: "false",
      npm_config_update_notifier: "false",
      npm_config_offline: "true",
    },
    running,
    empty,
    async server(not) {
      let found: Card | null = null;
      await until(
        async () => {
          found = await card().catch(() => null);
          return found !== null && found.pid !== not && pids().includes(found.pid);
        },
        () => `no server but ${not}`,
      );
      return found!;
    },
    async count(lines) {
      const known = await client();
      if (!is_registered) await registerFolder(known, folder, true);
      is_registered = true;
      const script = `for i in $(seq ${lines}); do echo line $i; sleep ${mark}; done`;
      const { id } = await known.turns.create({ message: `!${script}`, workspace: folder });
      for await (const event of known.events(id)) if (event.type === "output") return id;
      throw new Error("the command said nothing");
    },
    async settled(turn_id) {
      let turn: Turn | null = null;
      await until(
        async () => {
          turn = await (await client()).turns.get(turn_id).catch(() => null);
          return turn?.settled_at != null;
        },
        () => `the turn is ${turn?.state}`,
      );
      return turn!;
    },
  };
}

const pids = (): number[] =>
  readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number);

/** What belongs to one that was killed goes with it, often before its own turn comes. */
function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch (fault) {
    if ((fault as NodeJS.ErrnoException).code !== "ESRCH") throw fault;
  }
}

/** Empty for what is gone, and for zombies. */
function textOf(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}

async function until(holds: () => boolean | Promise<boolean>, why: () => string): Promise<void> {
  const deadline = systemClock.monotonic() + LIMIT_MS;
  while (!(await holds())) {
    if (systemClock.monotonic() > deadline) throw new Error(why());
    await systemClock.sleep(LOOK_MS);
  }
}
