import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startFakeProvider } from "@mainstay/fake-provider/fake-provider";
import { ProblemError } from "@mainstay/sdk/call";
import type { Client } from "@mainstay/sdk/client";
import { type Clock, systemClock } from "@mainstay/sdk/clock";
import { isJournalEvent, type JournalEvent } from "@mainstay/sdk/events";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type Server, startServer } from "../../src/assemble.ts";
import { calls, clientFor, configFor, says } from "./house.ts";

const DAY_MS = 86_400_000;
const PLENTY = 2 ** 40;

let home: string;
let server: Server;
let days_later = 0;
const clock: Clock = { ...systemClock, now: () => systemClock.now() + days_later * DAY_MS };

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), "mainstay-retention-"));
});
afterEach(async () => {
  await server.stop("end");
  await rm(home, { recursive: true, force: true });
});

async function serve(model_url: string, journal_bytes: number) {
  const retention = { journal_days: 30, journal_bytes };
  server = await startServer({ ...configFor(home, [model_url]), retention }, { clock });
  return clientFor(server.url, (await readFile(join(home, "owner.key"), "utf8")).trim());
}

async function eventsOf(client: Client, turn_id: string): Promise<JournalEvent[]> {
  const events: JournalEvent[] = [];
  for await (const event of client.events(turn_id)) if (isJournalEvent(event)) events.push(event);
  return events;
}

test("a folded turn is told as before, its session goes on, and its events say what was folded", async () => {
  const long = "line\n".repeat(2_000);
  const model = await startFakeProvider({
    clock: systemClock,
    script: [
      calls("write_file", { intent: "note it", path: "note.txt", content: long }),
      calls("read_file", { intent: "look again", path: "note.txt" }),
      says("It is noted."),
      says("You asked for a note."),
    ],
  });
  try {
    let client = await serve(model.url, PLENTY);
    const turn = await client.turns.create({ message: "make a note" }, { wait_s: 60 });
    const events = await eventsOf(client, turn.id);
    const list = await client.turns.list({});
    await server.stop("end");

    days_later = 31;
    client = await serve(model.url, PLENTY);
    let now = await eventsOf(client, turn.id);
    while (!now.some(({ type }) => type === "folded")) now = await eventsOf(client, turn.id);
    expect(await client.turns.get(turn.id)).toEqual(turn);
    expect(await client.turns.list({})).toEqual(list);
    expect(now.map(({ seq, at }) => [seq, at])).toEqual(events.map(({ seq, at }) => [seq, at]));
    expect(JSON.stringify(now).length).toBeLessThan(JSON.stringify(events).length / 4);

    const { session_id } = turn;
    await client.turns.create({ message: "what did I ask?", session_id }, { wait_s: 60 });
    const heard = JSON.stringify(model.requests.at(-1));
    for (const said of ["make a note", "It is noted.", "folded on"]) expect(heard).toContain(said);
  } finally {
    await model.close();
  }
});

test("journals that take all their bytes, with nothing to fold, refuse new turns and say why", async () => {
  const model = await startFakeProvider({ script: () => says("Yes."), clock: systemClock });
  try {
    const client = await serve(model.url, 1);
    let fault: unknown = null;
    // The first look comes with the start; what is accepted before it is kept.
    while (fault === null)
      fault = await client.turns.create({ message: "hello" }).then(
        () => null,
        (caught: unknown) => caught,
      );
    expect(fault).toBeInstanceOf(ProblemError);
    expect((fault as ProblemError).problem).toMatchObject({
      code: "journal_full",
      status: 507,
      detail: expect.stringContaining("retention.journal_bytes"),
    });
    expect((await client.turns.list({})).items).toBeInstanceOf(Array);
  } finally {
    await model.close();
  }
});
