/**
 * SIGKILL at the Nth fsync, for every N: of turns of a whole server, and of a writer that does
 * nothing but commit.
 */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ParsedChatRequest } from "@mainstay/fake-provider/chat-request";
import type { Reply } from "@mainstay/fake-provider/script";
import type { Client } from "@mainstay/sdk/client";
import { expect, test } from "vitest";
import { registerFolder } from "../packages/server/test/house/folder.ts";
import { crashUnder } from "../packages/server/test/store/crash.ts";
import { populate } from "../packages/server/test/store/population.ts";
import { sqlitePlace } from "../packages/server/test/store/sqlite-place.ts";
import { createEchoServer, echoOf, type EchoServer } from "./echo-server.ts";
import { lackOfTracing, titled } from "./means.ts";
import { report, rounds } from "./plan.ts";
import { createPromises, type Promises } from "./promises.ts";
import { inject } from "./strace.ts";

const SYNCS = "fsync,fdatasync";
/** More than any of these turns has. */
const SYNCS_LIMIT = 60;
const lack = lackOfTracing();

interface Stage extends EchoServer {
  readonly promises: Promises;
  readonly workspace: string;
}

/** A server that has run a turn, with its executor, before any fault is planted. */
async function withStage(body: (stage: Stage) => Promise<void>): Promise<void> {
  const home = await mkdtemp(join(tmpdir(), "mainstay-fsync-"));
  const workspace = await mkdtemp(join(tmpdir(), "mainstay-fsync-ws-"));
  const echo = await createEchoServer(home, work);
  const promises = createPromises(echoOf);
  try {
    await echo.server.start();
    const client = await echo.server.client();
    await registerFolder(client, workspace, true);
    await promises.ask(client, "work 0", workspace);
    expect(await promises.broken(client)).toEqual([]);
    await body({ ...echo, promises, workspace });
    await echo.server.stop("SIGINT");
  } finally {
    await echo.close();
    for (const folder of [home, workspace]) await rm(folder, { recursive: true, force: true });
  }
}

/** "work N" writes a file and runs a command before it is answered. */
function work(said: string, { messages }: ParsedChatRequest): Reply | null {
  const n = /^work (\d+)$/.exec(said)?.[1];
  const since = messages.findLastIndex(({ role }) => role === "user");
  if (n === undefined || messages.slice(since).some(({ role }) => role === "assistant"))
    return null;
  const path = `${n}.txt`;
  const command = `echo ${n} >> effects.txt`;
  return {
    tool_calls: [
      { name: "write_file", arguments: { intent: "note", path, content: `${n}\n` } },
      { name: "shell", arguments: { intent: "count", command } },
    ],
  };
}

/** Whether the turn's Nth fsync came before its end. */
async function diesAt(n: number, message: string, stage: Stage): Promise<boolean> {
  const { server, promises, workspace } = stage;
  const trace = await inject(server.pid()!, { calls: SYNCS, fault: `signal=SIGKILL:when=${n}` });
  const client = await server.client();
  const leave = new AbortController();
  const heard = await promises.ask(client, message, workspace);
  const ending =
    heard.heard === "accepted" ? endOf(client, heard.turn.id, leave.signal) : trace.ended;
  await Promise.race([ending, trace.ended]);
  leave.abort();
  await trace.detach();
  return trace.has_struck();
}

async function endOf(client: Client, turn_id: string, signal: AbortSignal): Promise<void> {
  try {
    for await (const _ of client.events(turn_id, { signal })) continue;
  } catch (fault) {
    if (!signal.aborted) throw fault;
  }
}

/** How many fsyncs such a turn had, each of which killed the server once. */
async function everySync(kind: "say" | "work", from: number, stage: Stage): Promise<number> {
  for (let n = 1; n < SYNCS_LIMIT; n++) {
    if (!(await diesAt(n, `${kind} ${from + n}`, stage))) return n - 1;
    await stage.server.kill();
    await stage.server.start();
    expect(await stage.promises.broken(await stage.server.client()), `killed at ${n}`).toEqual([]);
  }
  throw new Error(`a turn had ${SYNCS_LIMIT} fsyncs`);
}

test.skipIf(lack !== null)(
  titled("SIGKILL at every fsync of a turn: what was acknowledged is there, and ends once", lack),
  { timeout: 1_800_000 },
  () =>
    withStage(async (stage) => {
      const turns = rounds({ short: 1, long: 4 });
      const killed: string[] = [];
      let kills = 0;
      for (let turn = 0; turn < turns; turn++) {
        const kind = rounds({ short: 0, long: 1 }) === 1 && turn % 2 === 1 ? "work" : "say";
        const syncs = await everySync(kind, 1 + turn * SYNCS_LIMIT, stage);
        killed.push(`${syncs} of "${kind}"`);
        kills += syncs;
      }
      const effects = await readFile(join(stage.workspace, "effects.txt"), "utf8");
      const lines = effects.trim().split("\n");
      expect(lines).toEqual([...new Set(lines)]);
      const found = `0 of ${stage.promises.acknowledged()} turns lost, ${lines.length} commands once`;
      report(`SIGKILL at every fsync of a turn (${killed.join(", ")})`, kills, found);
    }),
);

async function killedWriter(n: number, manner: "honest" | "hasty") {
  const place = await sqlitePlace();
  try {
    const store = await place.open();
    await populate(store);
    await store.close();
    const fault = `inject=${SYNCS}:signal=SIGKILL:when=${n}`;
    const trace = ["-e", `trace=${SYNCS}`, "-e", fault];
    const program = ["strace", "-f", "-o", "/dev/null", ...trace];
    const aftermath = await crashUnder(program, place.writer(manner), place.open);
    expect(aftermath.ended_by).toBe("SIGKILL");
    return aftermath;
  } finally {
    await place.remove();
  }
}

test.skipIf(lack !== null)(
  titled("SIGKILL at the Nth fsync of a writer: no acknowledged batch is lost or halved", lack),
  { timeout: 600_000 },
  async () => {
    const kills = rounds({ short: 2, long: 40 });
    const step = rounds({ short: 10, long: 1 });
    let acknowledged = 0;
    for (let kill = 1; kill <= kills; kill++) {
      const { acked, sessions, events } = await killedWriter(kill * step, "honest");
      expect(acked.filter((id) => !sessions.has(id))).toEqual([]);
      expect(events).toEqual(sessions);
      acknowledged += acked.length;
    }
    expect(acknowledged).toBeGreaterThan(0);
    report("SIGKILL at the Nth fsync of a writer", kills, `0 of ${acknowledged} batches lost`);
  },
);

test.skipIf(lack !== null)(
  titled("planted: an acknowledgement before the commit is lost at the Nth fsync", lack),
  async () => {
    const { acked, sessions } = await killedWriter(16, "hasty");
    expect(acked.filter((id) => !sessions.has(id)).length).toBeGreaterThan(0);
  },
);
