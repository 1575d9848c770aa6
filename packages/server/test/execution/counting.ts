import { readdirSync, readFileSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startFakeProvider } from "@mainstay/fake-provider/fake-provider";
import type { Client } from "@mainstay/sdk/client";
import { systemClock } from "@mainstay/sdk/clock";
import type { BodyOf, ClientEvent } from "@mainstay/sdk/events";
import type { Turn } from "@mainstay/sdk/turn";
import { onTestFinished } from "vitest";
import { registerFolder } from "../house/folder.ts";
import { calls, says } from "../house/house.ts";
import { createServerProcess, type ServerProcess } from "../house/server-process.ts";

/** A server of its own whose turn is in the middle of a command that counts lines, and rests there. */
export interface Counting {
  readonly home: string;
  readonly server: ServerProcess;
  readonly client: Client;
  readonly turn_id: string;
  /** Lets the command count on from its middle, where it waits. */
  goOn(): Promise<void>;
  /** What the command has done to the world so far. */
  effects(): Promise<string>;
  /** Resolves at the first event of the turn that passes; across restarts. */
  until(passes: (event: ClientEvent) => boolean): Promise<ClientEvent>;
  settled(): Promise<Turn>;
  /** The results of the turn's calls, in order. */
  ends(): Promise<BodyOf<"tool_ended">[]>;
}

/** Line `i` of every counting command, on its output as in its file. */
export const counted = (lines: number): string =>
  Array.from({ length: lines }, (_, i) => `line ${i + 1}\n`).join("");

/** Begins the turn and waits until the command has come to its middle. */
export async function startCounting(lines: number): Promise<Counting> {
  const command = `
    count() { for i in $(seq $1 $2); do echo line $i >> effects; echo line $i; done; }
    count 1 ${lines / 2}
    until test -e go; do sleep 0.02; done
    count ${lines / 2 + 1} ${lines}`;
  const script = [calls("shell", { command }), says("All told.")];
  const model = await startFakeProvider({ script, clock: systemClock });
  const home = await mkdtemp(join(tmpdir(), "mainstay-counting-"));
  const folder = await mkdtemp(join(tmpdir(), "mainstay-counting-ws-"));
  const server = await createServerProcess(home, model.url);
  onTestFinished(async () => {
    await server.stop("SIGINT");
    // What a server left behind, that is no more, is ended by the next one.
    if (executorsOf(home).length > 0) {
      await server.start();
      await server.stop("SIGINT");
    }
    await model.close();
    for (const path of [home, folder]) await rm(path, { recursive: true, force: true });
  });
  await server.start();
  const client = await server.client();
  await registerFolder(client, folder, true);
  const { id } = await client.turns.create({ message: "count", workspace: folder });

  async function until(passes: (event: ClientEvent) => boolean): Promise<ClientEvent> {
    for await (const event of client.events(id)) if (passes(event)) return event;
    throw new Error("the turn ended before the awaited event");
  }

  const middle = `line ${lines / 2}\n`;
  await until((event) => event.type === "output" && event.text.includes(middle));
  return {
    home,
    server,
    client,
    turn_id: id,
    goOn: () => writeFile(join(folder, "go"), ""),
    effects: () => readFile(join(folder, "effects"), "utf8"),
    until,
    async settled() {
      await until(({ type }) => type === "settled");
      return await client.turns.get(id);
    },
    async ends() {
      const ends: BodyOf<"tool_ended">[] = [];
      for await (const event of client.events(id))
        if (event.type === "tool_ended") ends.push(event);
      return ends;
    },
  };
}

/** The executor of a data folder: its command line names it, the server's does not. */
export function executorsOf(home: string): number[] {
  const pids = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  return pids.map(Number).filter((pid) => argumentsOf(pid).includes(home));
}

function argumentsOf(pid: number): string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0");
  } catch {
    return [];
  }
}
