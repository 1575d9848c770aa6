import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { Clock } from "@mainstay/sdk/clock";
import type { JournalBody } from "@mainstay/sdk/events";
import { newId } from "@mainstay/server/kernel/ids";
import { createJournal, type Journal } from "@mainstay/server/store/journal";
import { openSqliteStore } from "@mainstay/server/store/sqlite";
import type { Store } from "@mainstay/server/store/store";
import { type Claim, ours } from "./claim.ts";
import { scratchFolder, startProvider } from "./house.ts";
import { settlePeople } from "./people.ts";
import { median } from "./sample.ts";
import { startServer } from "./server.ts";

const OPEN_TURNS = 1_000;
const PEOPLE = 50;
const CRASHES = 3;
const LOOK_MS = 5;

/** A server starts on what a crash left: turns that were running, each in a session of its own. */
export async function measureRecovery(clock: Clock, stop: AbortSignal): Promise<Claim[]> {
  await using provider = await startProvider(clock);
  const ready: number[] = [];
  const ended: number[] = [];
  for (let i = 0; i < CRASHES; i++) {
    stop.throwIfAborted();
    await using folder = await scratchFolder();
    const home = join(folder.path, "home");
    await settlePeople(home, PEOPLE, clock);
    await leaveOpen(home, clock);
    const from_ms = clock.monotonic();
    await using server = await startServer({ home, provider_url: provider.url, clock });
    ready.push(server.ready_ms / 1000);
    await noneOpen(home, clock, stop);
    ended.push((clock.monotonic() - from_ms) / 1000);
  }
  const note = `${OPEN_TURNS} open turns of ${PEOPLE} people, median`;
  return [
    {
      ...{ claim: "process start to ready, after a crash", n: CRASHES, unit: "s", note },
      ...{ measured: median(ready), target: ours("at most", 2) },
    },
    {
      ...{ claim: "process start to the end of all open turns", n: CRASHES, unit: "s", note },
      ...{ measured: median(ended), target: null },
    },
  ];
}

/** The rows that a server leaves when it is killed while every turn waits for its model. */
async function leaveOpen(home: string, clock: Clock): Promise<void> {
  const store = await openSqliteStore({ home, clock });
  try {
    const journal = createJournal(store, clock);
    const workspaces = await store.query(
      store.sql.selectFrom("workspace").select(["id", "person_id"]),
    );
    for (let n = 0; n < OPEN_TURNS; n++)
      await leaveOne(store, journal, workspaces[n % workspaces.length]!, n + 1, clock.now());
  } finally {
    await store.close();
  }
}

async function leaveOne(
  store: Store,
  journal: Journal,
  { id: workspace_id, person_id }: { id: string; person_id: string },
  ordinal: number,
  now: number,
): Promise<void> {
  const [session_id, turn_id] = [newId("ses"), newId("turn")];
  const owned = { person_id, workspace_id, created_at: now };
  const session = { id: session_id, ...owned, title: "left open", last_turn_at: now };
  const turn = {
    id: turn_id,
    session_id,
    ...owned,
    state: "running" as const,
    urgency: "interactive" as const,
    ordinal,
    queued_at: now,
    queued_by: "acceptance" as const,
    settled_at: null,
  };
  const target = { provider: "openai", model: "gpt-5.1", why: "first choice" };
  const bodies: JournalBody[] = [
    {
      ...{ type: "accepted", message: "hello", urgency: "interactive", session_id, workspace_id },
      ...{ model: null, on_disconnect: "detach" },
    },
    { type: "started", fence: 1, waited_ms: 0, ahead: 0 },
    { type: "attempt_started", step: 1, attempt: 1, ...target },
  ];
  const writes = [
    store.sql
      .insertInto("session")
      .values({ ...session, fence: 1, holder: 1 })
      .compile(),
    store.sql.insertInto("turn").values(turn).compile(),
  ];
  await journal.commit(
    { writes },
    bodies.map((body) => ({ turn_id, body })),
  );
}

async function noneOpen(home: string, clock: Clock, stop: AbortSignal): Promise<void> {
  const db = new DatabaseSync(join(home, "mainstay.db"), { readOnly: true });
  try {
    const open = db.prepare("select 1 from turn where settled_at is null limit 1");
    while (open.get() !== undefined) await clock.sleep(LOOK_MS, stop);
    const done = db.prepare("select count(*) as n from turn where state = 'done'").get();
    if (done?.["n"] !== OPEN_TURNS) throw new Error(`${String(done?.["n"])} turns ended well`);
  } finally {
    db.close();
  }
}
