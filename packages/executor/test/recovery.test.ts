/** Every state that a dead executor can leave behind, each once. */
import { join } from "node:path";
import { expect, test } from "vitest";
import { systemClock } from "@mainstay/sdk/clock";
import type { CommandEnd } from "../src/command.ts";
import { createArchive } from "../src/archive.ts";
import { openLedger } from "../src/ledger/ledger.ts";
import { keepOutput } from "../src/output.ts";
import type { ProcessIdentity, ProcessTable } from "../src/process-table.ts";
import { recover } from "../src/recovery.ts";
import { openSpool } from "../src/spool/spool.ts";
import { flipByte } from "./bytes.ts";
import { scratchHome, ticketFor } from "./scratch.ts";

const NOW = Date.UTC(2026, 10, 22);
const EXPIRY = NOW + 60_000;
const clock = { ...systemClock, now: () => NOW };
const BOOT = "this-boot";
const identity = (pid: number, change: Partial<ProcessIdentity> = {}): ProcessIdentity => {
  return { pid, starttime: `started-${pid}`, boot_id: BOOT, ...change };
};

/** A host on which these run, each with its arguments; what is killed is gone. */
function processesOf(alive: Map<ProcessIdentity, string>) {
  const killed: number[] = [];
  const same = (one: ProcessIdentity, other: ProcessIdentity) =>
    JSON.stringify(one) === JSON.stringify(other);
  const find = (wanted: ProcessIdentity) => [...alive.keys()].find((each) => same(each, wanted));
  const table: ProcessTable = {
    boot_id: BOOT,
    identify: (pid) => [...alive.keys()].find((each) => each.pid === pid) ?? null,
    isAlive: (wanted) => find(wanted) !== undefined,
    kill(wanted) {
      const found = find(wanted);
      if (found === undefined) return;
      killed.push(found.pid);
      alive.delete(found);
    },
    findByArgument: (isWanted) =>
      [...alive].filter(([, name]) => isWanted(name)).map(([found]) => found),
    findByVariable: () => new Map(),
    look_ms: 1,
  };
  return { table, killed };
}

interface Left {
  /** Markers that "c" got. */
  markers: "none" | "started" | { released: ProcessIdentity } | { ended: CommandEnd };
  alive?: [ProcessIdentity, string][];
  output?: string;
  /** Texts of which a byte flips, in the ledger and in the spool. */
  damage?: string;
  spool_damage?: string;
}

async function recovered({ markers, alive = [], output, damage, spool_damage }: Left) {
  const home = scratchHome();
  const before = openLedger(home, clock.now());
  const ticket = ticketFor("c", EXPIRY);
  if (markers !== "none") await before.start(ticket, clock.now());
  if (typeof markers === "object") {
    await before.release("c", "released" in markers ? markers.released : identity(7));
  }
  if (typeof markers === "object" && "ended" in markers)
    await before.end("c", markers.ended, EXPIRY);
  before.close();
  if (output !== undefined) leaveSpool(home, output);
  const spooled = join(home, "exec", "spool", "c.out");
  if (spool_damage !== undefined) flipByte(spooled, spool_damage);
  if (damage !== undefined) flipByte(join(home, "exec", "exec.db"), damage);

  const host = processesOf(new Map(alive));
  const ledger = openLedger(home, clock.now());
  const spool = openSpool(home, () => {});
  const gateName = (id: string) => `mainstay:here:${id}`;
  const parts = { ledger, spool, processes: host.table, gateName, clock, log: () => {} };
  const ended = await recover(parts);
  const archive = createArchive({ ledger, spool, clock, log: () => {} });
  const state = archive.state("c");
  const answer = archive.answer(ticket);
  const again = await recover(parts);
  ledger.close();
  return { ended, again, state, answer, killed: host.killed, spool_left: spool.read("c") };
}

function leaveSpool(home: string, output: string): void {
  const kept = keepOutput(1024);
  const file = openSpool(home, () => {}).begin("c", 1024, kept);
  const chunk = Buffer.from(output);
  kept.push(chunk);
  file.add(chunk);
  file.close();
}

const exited: CommandEnd = {
  ...{ outcome: "exited", exit_code: 0, signal: null, timed_out: false, cancelled: false },
  ...{ exceeded: null, network: [], duration_ms: 1, output: "whole", output_bytes: 5 },
  ...{ output_sha256: "0".repeat(64), output_truncated: false, notices: [] },
  ...{ plan_digest: "0".repeat(64), sandbox: "bubblewrap" },
};

test("no row: it never ran, and may start", async () => {
  const found = await recovered({ markers: "none" });
  expect(found).toMatchObject({ ended: 0, state: { state: "never" }, answer: null, killed: [] });
});

test("a sandbox that no marker knows is killed, another home's is not", async () => {
  const found = await recovered({
    markers: "none",
    alive: [
      [identity(11), "mainstay:here:c"],
      [identity(12), "mainstay:there:c"],
    ],
  });
  expect(found).toMatchObject({ ended: 0, state: { state: "never" }, answer: null, killed: [11] });
});

test("started: it certainly did not run; a sandbox that waits at its gate is killed by name", async () => {
  const waiting = identity(11);
  const stranger = identity(12);
  const found = await recovered({
    markers: "started",
    alive: [
      [waiting, "mainstay:here:c"],
      [stranger, "mainstay:there:c"],
    ],
  });
  expect(found.state).toMatchObject({ end: { outcome: "interrupted", ran: "no" } });
  expect(found).toMatchObject({ ended: 1, again: 0, killed: [11] });
  expect(found.answer).toMatchObject({ state: "ended", end: { ran: "no" } });
});

test("released, its process lives: killed; interrupted, maybe, with what it had printed", async () => {
  const init = identity(21);
  const found = await recovered({
    markers: { released: init },
    alive: [[init, "mainstay:here:c"]],
    output: "half of it\n",
  });
  expect(found.killed).toEqual([21]);
  expect(found.state).toMatchObject({
    state: "ended",
    end: { outcome: "interrupted", ran: "maybe", output: "half of it\n", output_truncated: false },
  });
  expect(found.spool_left).toBeNull();
});

test("released, its process is dead: interrupted, maybe", async () => {
  const found = await recovered({ markers: { released: identity(21) } });
  expect(found.killed).toEqual([]);
  expect(found.state).toMatchObject({ end: { outcome: "interrupted", ran: "maybe" } });
});

test("released, its pid is another process's now: nobody is killed", async () => {
  const other = identity(21, { starttime: "later" });
  const found = await recovered({ markers: { released: identity(21) }, alive: [[other, "sleep"]] });
  expect(found.killed).toEqual([]);
  expect(found.state).toMatchObject({ end: { outcome: "interrupted", ran: "maybe" } });
});

test("released in another boot: nobody is killed, and the end of the output may be missing", async () => {
  const before = identity(21, { boot_id: "the boot before" });
  const found = await recovered({
    markers: { released: before },
    alive: [[identity(21), "sleep"]],
    output: "what was synced",
  });
  expect(found.killed).toEqual([]);
  expect(found.state).toMatchObject({
    end: { ran: "maybe", output: "what was synced", output_truncated: true },
  });
});

test("ended: adopted as it is; what its spool still holds is dropped", async () => {
  const found = await recovered({ markers: { ended: exited }, output: "who" });
  expect(found).toMatchObject({ ended: 0, state: { state: "ended", end: exited } });
  expect(found.spool_left).toBeNull();
});

test("a damaged row without an end: killed by name; interrupted, maybe, naming the damage", async () => {
  const init = identity(21);
  const found = await recovered({
    markers: { released: init },
    alive: [[init, "mainstay:here:c"]],
    output: "half",
    damage: "started-21",
  });
  expect(found.killed).toEqual([21]);
  expect(found.state).toMatchObject({
    end: { ran: "maybe", why: expect.stringContaining("damaged on disk"), output: "half" },
  });
  expect(found.answer).toMatchObject({ state: "ended", end: { ran: "maybe" } });
});

test("a damaged row with an end: its end is not believed, and it is not run again", async () => {
  const found = await recovered({ markers: { ended: exited }, damage: "exit_code" });
  expect(found.state).toMatchObject({
    end: { ran: "maybe", why: expect.stringContaining("damaged on disk") },
  });
  expect(found.answer).toMatchObject({ state: "refused", code: "replayed" });
});

test("a damaged ledger: whatever it does not know is doubtful, and old tickets are refused", async () => {
  const found = await recovered({ markers: { ended: exited }, damage: "SQLite format" });
  expect(found.state).toMatchObject({
    end: { outcome: "interrupted", ran: "maybe", why: expect.stringContaining("found damaged") },
  });
  expect(found.answer).toMatchObject({
    ...{ state: "refused", code: "doubtful" },
    message: expect.stringMatching(/begins none for another 61 s, .*; ask again then$/),
  });
});

test("a torn spool: what is left of it, and that it is torn", async () => {
  const found = await recovered({
    markers: { released: identity(21) },
    output: "words",
    spool_damage: "words",
  });
  expect(found.state).toMatchObject({
    end: {
      outcome: "interrupted",
      why: expect.stringContaining("torn or damaged"),
      ...{ output: "", output_truncated: true },
    },
  });
});
