/**
 * What a crash leaves is brought back: open turns from their journals alone, whatever the columns
 * beside them say; and a turn that kills every server that takes it up is stopped before it has
 * spoiled the others.
 */
import { appendFile, cp, mkdir, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { startFakeProvider } from "@mainstay/fake-provider/fake-provider";
import type { ScriptFunction } from "@mainstay/fake-provider/script";
import type { Client } from "@mainstay/sdk/client";
import { systemClock } from "@mainstay/sdk/clock";
import type { Turn } from "@mainstay/sdk/turn";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type Server, startServer } from "../packages/server/src/assemble.ts";
import { calls, clientFor, configFor, says } from "../packages/server/test/house/house.ts";
import { createServerProcess } from "../packages/server/test/house/server-process.ts";
import { report, rounds, seed } from "./plan.ts";
import { seeded } from "./seeded.ts";

const OPEN_TURNS = rounds({ short: 60, long: 1_000 });
const roomy = {
  waiting_turns: 5_000,
  waiting_turns_a_person: 5_000,
  running_turns: 5_000,
  running_turns_a_person: 5_000,
};

let scratch: string;
/** What a test left open when it failed. */
let open_ends: (() => Promise<unknown>)[];
beforeEach(async () => {
  scratch = await mkdtemp(join(tmpdir(), "mainstay-rescue-"));
  open_ends = [];
});
afterEach(async () => {
  for (const end of open_ends.toReversed()) await end();
  await rm(scratch, { recursive: true, force: true });
});

async function serve(home: string, script: ScriptFunction): Promise<Server> {
  const model = await startFakeProvider({ script, clock: systemClock });
  open_ends.push(() => model.close());
  const server = await startServer(configFor(home, [model.url]), { limits: roomy });
  open_ends.push(() => server.stop("end"));
  return server;
}

const keyOf = async (home: string) => (await readFile(join(home, "owner.key"), "utf8")).trim();
const clientOf = async ({ url }: Server, home: string) => clientFor(url, await keyOf(home));

/** Does `work` for every item, some of them at the same time. */
async function atOnce<Item>(items: readonly Item[], work: (item: Item) => Promise<void>) {
  const left = [...items];
  const some = async (): Promise<void> => {
    for (let next = left.shift(); next !== undefined; next = left.shift()) await work(next);
  };
  await Promise.all(Array.from({ length: 16 }, some));
}

type Kind = "slow" | "second" | "note" | "remove" | "dead";
const kinds: readonly Kind[] = ["slow", "second", "note", "remove", "slow", "dead", "slow", "note"];

/** Before the crash no answer ever comes: who has not acted yet is asking, who acted asks again. */
const never = new Promise<void>(() => {});
const unanswered: ScriptFunction = ({ messages }) => {
  const asked = messages.findLastIndex(({ role }) => role === "user");
  const message = JSON.stringify(messages[asked]);
  const has_acted = messages.length > asked + 1;
  if (message.includes("note") && !has_acted)
    return calls("write_file", { intent: "note", path: fileOf(message), content: "n" });
  if (message.includes("remove"))
    return calls("shell", { intent: "remove", command: "rm -f n.txt" });
  if (message.includes("dead")) return { status: 400, body: "not this one" };
  return { text: "never", gate: never };
};

const fileOf = (message: string): string => `${/note (\d+)/u.exec(message)?.[1]}.txt`;

/** Brings a turn to where the crash will find it. */
async function openTurn(client: Client, kind: Kind, n: number): Promise<string> {
  if (kind === "remove" || kind === "dead")
    return (await client.turns.create({ message: `${kind} ${n}` }, { wait_s: 60 })).id;
  const turn = await client.turns.create({ message: `${kind} ${n}` });
  const attempts = kind === "note" ? 2 : 1;
  let seen = 0;
  for await (const event of client.events(turn.id))
    if (event.type === "attempt_started" && ++seen === attempts) break;
  if (kind !== "second") return turn.id;
  return (await client.turns.create({ message: `behind ${n}`, session_id: turn.session_id })).id;
}

/** Writes nonsense into the columns that exist for queries only. Returns how many it changed. */
function spoil(home: string, random: () => number): number {
  const db = new DatabaseSync(join(home, "mainstay.db"));
  const any = <Value>(values: readonly Value[]): Value =>
    values[Math.floor(random() * values.length)]!;
  let spoiled = 0;
  for (const { id } of db.prepare("select id from turn").all()) {
    if (random() < 0.5) continue;
    const state = any(["queued", "running", "awaiting_approval", "parked", "done", "failed"]);
    const settled_at = state === "done" || state === "failed" ? 1 : null;
    db.prepare("update turn set state = ?, settled_at = ? where id = ?").run(
      state,
      settled_at,
      id!,
    );
    spoiled++;
  }
  for (const { id } of db.prepare("select id from session").all())
    if (random() < 0.5) {
      db.prepare("update session set holder = ?, fence = 0 where id = ?").run(any([1, 9e9]), id!);
      spoiled++;
    }
  const forge = "update approval set state = 'approved', decided_at = 1, decided_by = person_id";
  spoiled += Number(db.prepare(`${forge} where rowid % 2 = 0`).run().changes);
  db.close();
  return spoiled;
}

async function finish(client: Client, turn_id: string, kind: Kind): Promise<Turn> {
  const turn = await client.turns.get(turn_id);
  if (kind === "dead") await client.turns.retry(turn_id);
  if (kind === "remove") {
    expect(turn.state).toBe("awaiting_approval");
    expect((await client.approvals.get(turn.approvals[0]!)).state).toBe("pending");
    await client.approvals.decide(turn.approvals[0]!, "deny");
  }
  for await (const event of client.events(turn_id)) if (event.type === "settled") break;
  return client.turns.get(turn_id);
}

/** A frame that was being written when the power went: SQLite takes it for the log's end. */
const tornFrame = (random: () => number) =>
  Buffer.from(Array.from({ length: 2_000 }, () => Math.floor(random() * 256)));

test("every open turn of a crashed server comes back from its journal, and ends", async () => {
  const [home, crashed] = [join(scratch, "home"), join(scratch, "crashed")];
  const random = seeded(seed);
  const first = await serve(home, unanswered);
  const before = await clientOf(first, home);
  const open = new Map<string, Kind>();
  await atOnce(
    Array.from({ length: OPEN_TURNS }, (_, n) => n),
    async (n) => {
      const kind = kinds[n % kinds.length]!;
      open.set(await openTurn(before, kind, n), kind);
    },
  );
  const spoiled = spoil(home, random);
  await mkdir(crashed, { mode: 0o700 });
  for (const file of ["mainstay.db", "mainstay.db-wal", "mainstay.head", "owner.key"])
    await cp(join(home, file), join(crashed, file));
  await appendFile(join(crashed, "mainstay.db-wal"), tornFrame(random));
  await first.stop("end");

  const client = await clientOf(await serve(crashed, () => says("Back.")), crashed);
  const ended: Turn[] = [];
  await atOnce([...open], async (each) => void ended.push(await finish(client, ...each)));
  expect(ended).toHaveLength(OPEN_TURNS);
  for (const turn of ended) expect(turn).toMatchObject({ state: "done", answer: "Back." });
  const notes = ended.filter(({ id }) => open.get(id) === "note");
  expect(notes.every(({ edits }) => edits.length === 1)).toBe(true);
  expect(ended.flatMap(({ commands }) => commands)).toEqual([]);
  const found = `${spoiled} columns spoiled, all ended`;
  report("open turns of a crashed server", OPEN_TURNS, found);
});

test.for([
  // Once by itself, then in three resumes.
  ["takes it up", "list_files", 4],
  // Once by itself, then in as many adoptions as this server allows.
  ["follows what it left running", "read_file", 3],
] as const)(
  "J7: a turn that kills every server that %s is poisoned, and no other with it",
  async ([, tool, most_deaths]) => {
    const home = join(scratch, "home");
    const all_asked = Promise.withResolvers<void>();
    const gate = all_asked.promise;
    const model = await startFakeProvider({
      clock: systemClock,
      script: ({ messages }) =>
        JSON.stringify(messages.at(-1)).includes("lethal")
          ? { ...calls(tool, { intent: "die", path: "." }), gate, first_token_delay_ms: 200 }
          : { ...says("Alive."), gate, first_token_delay_ms: 700 },
    });
    open_ends.push(() => model.close());
    const server = await createServerProcess(home, model.url);
    open_ends.push(() => server.kill());
    await server.start("serve-lethal.ts");
    let client = await server.client();
    const messages = ["one", "be lethal", "two"];
    const asked = await Promise.all(messages.map((message) => client.turns.create({ message })));
    all_asked.resolve();
    const [lethal] = asked.splice(1, 1);
    let deaths = 0;
    while ((await Promise.race([server.gone(), over(client, lethal!.id)])) !== "over") {
      expect(++deaths).toBeLessThanOrEqual(most_deaths);
      // It may be dead again before it could be asked whether it is ready.
      await server.start("serve-lethal.ts").catch(() => undefined);
      client = await server.client();
    }
    expect(await client.turns.get(lethal!.id)).toMatchObject({
      state: "failed",
      error: { code: "poisoned" },
    });
    for (const { id } of asked) {
      await over(client, id);
      expect(await client.turns.get(id)).toMatchObject({ state: "done", answer: "Alive." });
    }
    expect(deaths).toBe(most_deaths);
  },
);

/** Never, where the server goes before the turn has ended. */
async function over(client: Client, turn_id: string): Promise<"over"> {
  try {
    for await (const event of client.events(turn_id)) if (event.type === "settled") return "over";
  } catch {
    // The server is gone; the test hears of it from the process.
  }
  return new Promise<"over">(() => {});
}
