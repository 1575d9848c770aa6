/** The emergency stop at any moment of turns that run commands, with and without a kill -9 after it. */
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ChainRecord } from "@mainstay/executor/chain-record";
import { readChain } from "@mainstay/executor/read-chain";
import { startFakeProvider } from "@mainstay/fake-provider/fake-provider";
import type { Client } from "@mainstay/sdk/client";
import { systemClock } from "@mainstay/sdk/clock";
import { isJournalEvent } from "@mainstay/sdk/events";
import { expect, onTestFinished, test } from "vitest";
import { registerFolder } from "../packages/server/test/house/folder.ts";
import { obeys } from "../packages/server/test/house/obeys.ts";
import { createServerProcess } from "../packages/server/test/house/server-process.ts";
import { report, rounds, seed } from "./plan.ts";
import { seeded } from "./seeded.ts";

const PAUSES = rounds({ short: 3, long: 100 });
const LIMIT_MS = rounds({ short: 120_000, long: 7_200_000 });
const TURNS_A_PAUSE = 5;
/** From before a turn's model is asked until after its command has ended. */
const MOMENTS_MS = 150;

test(
  "no command begins between the answer to a pause and its lift; each of them runs once",
  async () => {
    const random = seeded(seed);
    const model = await startFakeProvider({ script: obeys, clock: systemClock });
    const [home, folder] = await Promise.all([scratch("home"), scratch("ws")]);
    const server = await createServerProcess(home, model.url);
    onTestFinished(async () => {
      await server.stop("SIGINT");
      await model.close();
      for (const path of [home, folder]) await rm(path, { recursive: true, force: true });
    });
    await server.start();
    const client = await server.client();
    await registerFolder(client, folder, true);

    const held: { from: number; until: number }[] = [];
    const turns: string[] = [];
    for (let n = 0; n < PAUSES; n++) {
      const what =
        random() < 0.5
          ? ({ scope: "commands" } as const)
          : ({ scope: "person", person: "owner" } as const);
      const asked = await Promise.all(
        Array.from({ length: TURNS_A_PAUSE }, async (_, i) => {
          const message = `run mkdir began-${n}-${i} || touch twice-${n}-${i}`;
          return (await client.turns.create({ message, workspace: folder })).id;
        }),
      );
      turns.push(...asked);
      await systemClock.sleep(random() * MOMENTS_MS);
      await client.pauses.set(what);
      const from = systemClock.now();
      if (random() < 0.3) {
        await server.kill();
        await server.start();
      }
      for (const id of asked) await stands(client, id);
      held.push({ from, until: systemClock.now() });
      await client.pauses.lift(what);
      for (const id of asked) await settled(client, id);
    }

    const parked = (await Promise.all(turns.map((id) => journalOf(client, id))))
      .flat()
      .filter((event) => event.type === "parked");
    const late = parked.filter((event) => event.not_begun !== undefined).length;
    await server.stop("SIGINT");
    const starts = chainOf(home).filter(({ kind }) => kind === "started");
    const slipped = starts.filter(({ at }) =>
      held.some(({ from, until }) => at > from && at < until),
    );
    report(
      "a pause at any moment",
      PAUSES,
      `${slipped.length} of ${turns.length} commands began after the answer; ${parked.length} turns parked, ${late} of them with a command on the way to the executor`,
    );
    expect(slipped).toEqual([]);
    const made = await readdir(folder);
    expect(made.filter((name) => name.startsWith("began"))).toHaveLength(turns.length);
    expect(made.filter((name) => name.startsWith("twice"))).toEqual([]);
    expect(starts).toHaveLength(turns.length);
  },
  LIMIT_MS,
);

const scratch = (name: string) => mkdtemp(join(tmpdir(), `mainstay-pause-${name}-`));

/** Resolves when the turn has ended or waits, for a lift or in a queue that a pause holds. */
async function stands(client: Client, id: string): Promise<void> {
  for await (const event of client.events(id)) {
    if (event.type === "queue" && event.place.reason.includes("paused by owner")) return;
    const { state } = await client.turns.get(id);
    if (state !== "queued" && state !== "running") return;
  }
}

async function settled(client: Client, id: string): Promise<void> {
  for await (const event of client.events(id)) if (event.type === "settled") return;
}

async function journalOf(client: Client, id: string) {
  const events = [];
  for await (const event of client.events(id)) if (isJournalEvent(event)) events.push(event);
  return events;
}

function chainOf(home: string): ChainRecord[] {
  const records: ChainRecord[] = [];
  for (;;) {
    const page = readChain(home, records.at(-1)?.n ?? 0)!;
    if (page.length === 0) return records;
    records.push(...page);
  }
}
