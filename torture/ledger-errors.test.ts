/**
 * The disk refuses the executor's ledger: a command whose marker cannot be kept does not run, and
 * its turn ends with that; when the disk is well again the next command runs.
 */
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Client } from "@mainstay/sdk/client";
import { isJournalEvent, type JournalEvent } from "@mainstay/sdk/events";
import { expect, test } from "vitest";
import { executorsOf } from "../packages/server/test/execution/counting.ts";
import { registerFolder } from "../packages/server/test/house/folder.ts";
import { createEchoServer } from "./echo-server.ts";
import { lackOfTracing, titled } from "./means.ts";
import { report, rounds } from "./plan.ts";
import { inject } from "./strace.ts";

const lack = lackOfTracing();
const LEDGER = ["exec/exec.db", "exec/exec.db-wal"];
const CALLS = ["fsync,fdatasync", "write,pwrite64"];
const ERRORS = ["EIO", "ENOSPC", "EACCES"];
const FAULTS = CALLS.flatMap((calls) => ERRORS.map((error) => ({ calls, error })));

interface Stage {
  readonly home: string;
  readonly workspace: string;
  readonly client: Client;
}

/** Commands run in it: each message names a file that is touched. */
async function withStage(body: (stage: Stage) => Promise<void>): Promise<void> {
  const home = await mkdtemp(join(tmpdir(), "mainstay-ledger-"));
  const workspace = await mkdtemp(join(tmpdir(), "mainstay-ledger-ws-"));
  const { server, close } = await createEchoServer(home, (said, { messages }) => {
    if (messages.at(-1)!.role !== "user") return null;
    const touch = { intent: "touch a file", command: `touch ${said}` };
    return { tool_calls: [{ name: "shell", arguments: touch }] };
  });
  try {
    await server.start();
    const client = await server.client();
    await registerFolder(client, workspace, true);
    await outcomeOf("warm", { home, workspace, client });
    await body({ home, workspace, client });
    await server.stop("SIGINT");
  } finally {
    await close();
    for (const folder of [home, workspace]) await rm(folder, { recursive: true, force: true });
  }
}

/** What the turn says of its command, and whether the command had its effect. */
async function outcomeOf(name: string, { client, workspace }: Stage): Promise<string> {
  const { id } = await client.turns.create({ message: name, workspace }, { wait_s: 60 });
  const ends: JournalEvent[] = [];
  for await (const event of client.events(id))
    if (isJournalEvent(event) && event.type === "tool_ended") ends.push(event);
  const told = ends.map((event) => event.type === "tool_ended" && event.command?.outcome);
  return `${told.join()}, ${existsSync(join(workspace, name)) ? "effect" : "no effect"}`;
}

async function bear(
  name: string,
  files: readonly string[],
  { calls, error }: (typeof FAULTS)[number],
  stage: Stage,
): Promise<string[]> {
  const [executor] = executorsOf(stage.home);
  const paths = files.map((file) => join(stage.home, file));
  const trace = await inject(executor!, { calls, fault: `error=${error}`, files: paths });
  const during = await outcomeOf(name, stage);
  await trace.detach();
  return [
    ...(trace.has_struck() ? [] : ["no strike"]),
    during,
    await outcomeOf(`${name}-after`, stage),
  ];
}

test.skipIf(lack !== null)(
  titled(
    "errors of the executor's ledger: no command without its marker, and its turn says so",
    lack,
  ),
  { timeout: 600_000 },
  () =>
    withStage(async (stage) => {
      const faults = FAULTS.slice(0, rounds({ short: 2, long: FAULTS.length }));
      for (const [n, fault] of faults.entries())
        expect(await bear(`${fault.error}-${n}`, LEDGER, fault, stage)).toEqual([
          "not_started, no effect",
          "exited, effect",
        ]);
      report("errors of the executor's ledger", faults.length, "0 commands ran unmarked");
    }),
);

test.skipIf(lack !== null)(titled("planted: a ledger that is not written is found out", lack), () =>
  withStage(async (stage) => {
    const found = await bear("unmarked", ["elsewhere"], FAULTS[0]!, stage);
    expect(found).toEqual(["no strike", "exited, effect", "exited, effect"]);
  }),
);
