/**
 * A server is stopped (SIGSTOP) in the middle of a turn, its lock is taken away, a second one takes
 * over, and the first goes on (SIGCONT): it writes nothing any more, and ends.
 */
import { mkdtemp, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Client } from "@mainstay/sdk/client";
import { systemClock } from "@mainstay/sdk/clock";
import { isJournalEvent, type JournalEvent } from "@mainstay/sdk/events";
import { expect, test } from "vitest";
import {
  createServerProcess,
  type ServerProcess,
} from "../packages/server/test/house/server-process.ts";
import { DataFolderBusy } from "../packages/server/src/store/folder-lock.ts";
import { openSqliteStore } from "../packages/server/src/store/sqlite.ts";
import { createEchoServer, echoOf, type EchoServer } from "./echo-server.ts";
import { report, rounds, seed } from "./plan.ts";
import { instead } from "./planted.ts";
import { seeded } from "./seeded.ts";

const LONGEST_MS = 80;

interface Stage extends EchoServer {
  readonly home: string;
  readonly second: ServerProcess;
}

async function withStage(body: (stage: Stage) => Promise<void>): Promise<void> {
  const home = await mkdtemp(join(tmpdir(), "mainstay-stale-"));
  // Long enough to be stopped before, while and after the model is asked.
  const echo = await createEchoServer(home, (said) =>
    said.startsWith("turn") ? { text: echoOf(said), first_token_delay_ms: LONGEST_MS / 2 } : null,
  );
  const second = await createServerProcess(home, echo.model.url);
  try {
    await body({ ...echo, home, second });
  } finally {
    await second.kill();
    await echo.close();
    await rm(home, { recursive: true, force: true, maxRetries: 10 });
  }
}

type Moment = (client: Client, turn_id: string) => Promise<unknown>;
const after =
  (delay_ms: number): Moment =>
  () =>
    systemClock.sleep(delay_ms);

/** `by_lock`: it was stopped while it wrote, so SQLite itself kept the second one out. */
type Takeover = { readonly taken: "by_lock" } | { readonly taken: "over"; faults: string[] };

/** Stops the first server at a moment of a turn, lets the second take over, wakes the first. */
async function takeOver(round: number, moment: Moment, stage: Stage): Promise<Takeover> {
  const { server: first, second, home } = stage;
  const message = `turn ${round}`;
  const old_client = await first.client();
  const { id } = await old_client.turns.create({ message });
  await moment(old_client, id);
  const pid = first.pid()!;
  process.kill(pid, "SIGSTOP");
  const faults = await refusalFaults(home, pid);
  for (const file of ["lock.db", "lock.db-journal"]) await rm(join(home, file), { force: true });
  if (!(await starts(second))) {
    process.kill(pid, "SIGCONT");
    await eventsOf(old_client, id);
    return { taken: "by_lock" };
  }

  // It answers before it has left its card.
  while ((await pidOnCard(home)) !== second.pid()) await systemClock.sleep(20);
  const client = await second.client();
  const before = await eventsOf(client, id);
  process.kill(pid, "SIGCONT");
  const stale = `stale ${round}`;
  const heard = await old_client.turns.create({ message: stale }).catch((fault: unknown) => fault);
  if (heard instanceof Object && "state" in heard) faults.push("the stale one took a turn in");
  else if ((await first.ended()) !== 1) faults.push("the stale one did not end with its reason");
  if (JSON.stringify(await eventsOf(client, id)) !== JSON.stringify(before))
    faults.push("the turn was written by both");
  if ((await client.turns.get(id)).answer !== echoOf(message)) faults.push("the turn is not done");
  const { items } = await client.turns.list();
  if (items.some((turn) => turn.message === stale)) faults.push("the stale turn was kept");
  if ((await pidOnCard(home)) !== second.pid()) faults.push("the second one's card is gone");
  await stat(join(home, "run", "server.sock")).catch(() => faults.push("its socket is gone"));
  return { taken: "over", faults };
}

/** As long as the lock is there a second server is told who holds it, and what to do. */
async function refusalFaults(home: string, pid: number): Promise<string[]> {
  const refused = await openSqliteStore({ home, clock: systemClock }).catch((fault) => fault);
  if (!(refused instanceof DataFolderBusy)) return ["a second server was let in"];
  return refused.message.includes(`kill -CONT ${pid}`) ? [] : [refused.message];
}

/** Of the server that says it serves this folder. */
async function pidOnCard(home: string): Promise<number | null> {
  const card = await readFile(join(home, "run", "server.json"), "utf8").catch(() => "");
  return Number(/"pid":(\d+)/.exec(card)?.[1] ?? 0) || null;
}

const starts = (server: ServerProcess): Promise<boolean> =>
  server.start().then(
    () => true,
    () => false,
  );

async function eventsOf(client: Client, turn_id: string): Promise<JournalEvent[]> {
  const events: JournalEvent[] = [];
  for await (const event of client.events(turn_id)) if (isJournalEvent(event)) events.push(event);
  return events;
}

test("a server that was stopped and displaced writes nothing and ends", { timeout: 900_000 }, () =>
  withStage(async (stage) => {
    const times = rounds({ short: 2, long: 30 });
    const random = seeded(seed);
    let by_lock = 0;
    for (let round = 0; round < times; round++) {
      await stage.server.start();
      const takeover = await takeOver(round, after(random() * LONGEST_MS), stage);
      if (takeover.taken === "over") expect(takeover.faults, `round ${round}`).toEqual([]);
      else by_lock++;
      await Promise.all([stage.server.kill(), stage.second.kill()]);
    }
    report("SIGSTOP, takeover, SIGCONT", times, `0 stale writes; ${by_lock} kept out by SQLite`);
  }),
);

test("planted: without the incarnation in the data the stale server takes a turn in", () =>
  withStage(async (stage) => {
    const env = instead("select 1 from server_run where incarnation = ?", "select ?");
    let takeover: Takeover = { taken: "by_lock" };
    // After a turn it writes for a while: stopped in that, it is not displaced.
    for (let round = 0; takeover.taken === "by_lock"; round++) {
      await Promise.all([stage.server.kill(), stage.second.kill()]);
      await stage.server.start("serve.ts", { env });
      takeover = await takeOver(round, eventsOf, stage);
    }
    expect(takeover.faults).toContain("the stale one took a turn in");
  }));
