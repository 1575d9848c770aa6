/** The core alone, with a sandbox that cannot start anything: what it keeps, forgets and tells. */
import { renameSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { systemClock as clock } from "@mainstay/sdk/clock";
import { expect, onTestFinished, test, vi } from "vitest";
import { createExecutor } from "../src/executor.ts";
import { openLedger } from "../src/ledger/ledger.ts";
import { openOutputLogs } from "../src/output-log.ts";
import { openProcessTable } from "../src/process-table.ts";
import type { SandboxReport } from "../src/protocol.ts";
import type { Sandbox } from "../src/sandbox/sandbox.ts";
import type { Stage } from "../src/sandbox/stage.ts";
import { openSpool } from "../src/spool/spool.ts";
import type { Workspace } from "../src/workspaces.ts";
import { scratchHome, ticket_key, ticketFor } from "./scratch.ts";

const SPOOL_LIMIT_BYTES = 1 << 20;
const PATIENCE = { timeout: 25_000 };

function openCore(
  change: Partial<ReturnType<typeof openLedger>>,
  change_sandbox: Partial<Sandbox> = {},
) {
  const home = scratchHome();
  const ledger = openLedger(home, clock.now());
  onTestFinished(() => ledger.close());
  const told: string[] = [];
  const later: (() => void)[] = [];
  const after = (_delay_ms: number, run: () => void) => {
    later.push(run);
    return () => void later.splice(later.indexOf(run) >>> 0, 1);
  };
  let finished = 0;
  const launch = {
    ...{
      program: "/nonexistent",
      argv: [],
      inherited: [],
      data: [],
      stdin: null,
      wall_ms: 1,
    },
    ...{ output_fifo: join(home, "none"), filter_path: join(home, "none") },
  };
  const network = async () => ({ uses: [], doubt: null });
  const finish = () => [`finished ${(finished += 1)}`];
  const sandbox: Sandbox = {
    stage: async () => ({ ripgrep_folder: null }) as Stage,
    report: async () => ({ available: true, level: "shared_user", checks: [] }),
    probe: () => sandbox.report(),
    prepare: async () => ({
      launch,
      sandbox: "bubblewrap",
      processes: openProcessTable(() => {}),
      writes_to: { on_disk: [], in_memory: [] },
      inspect: () => {},
      network,
      finish,
    }),
    settled: async () => {},
    ...change_sandbox,
  };
  const core = createExecutor({
    ...{ ticket_key, clock: { ...clock, after }, sandbox, ledger: { ...ledger, ...change } },
    workspaces: {
      ...{ register: async () => {}, find: () => workspaceAt(home), close: () => {} },
      ...{ registerOpening: () => {}, findOpening: () => null },
    },
    bounds: { hold: () => ({ enter: async () => {}, leave: () => null }) },
    log: (text) => told.push(text),
    spool: openSpool(home, () => {}),
    logs: openOutputLogs(home, { clock, log: () => {} }),
    spool_limit_bytes: SPOOL_LIMIT_BYTES,
    onOutput: () => {},
    onEnded: () => {},
  });
  return { core, told, ledger, later, home };
}

function workspaceAt(path: string): Workspace {
  const { dev, ino, uid, gid } = statSync(path);
  return {
    ...{ id: "w", path, descriptor: -1, person_uid_number: 1 },
    ...{ owner: { uid, gid }, identity: `${dev}:${ino}` },
  };
}

let count = 0;
const newTicket = () => ticketFor(`c-${++count}`, clock.now() + 60_000);
const here = new AbortController().signal;
const failing = () => Promise.reject(new Error("disk full"));

test("old rows that cannot be deleted refuse no command whose ticket is burned", async () => {
  const { core, told } = openCore({ prune: failing });
  const answer = await core.run(newTicket(), here);
  expect(answer).toMatchObject({ state: "ended", end: { outcome: "not_started" } });
  expect(told).toContainEqual(expect.stringMatching(/old rows.*disk full/));
});

test("what was prepared is finished once, also for a command that is refused at the last moment", async () => {
  const { core, told } = openCore({ start: failing });
  const refused = { state: "refused", code: "ledger_unwritable" };
  expect(await core.run(newTicket(), here)).toMatchObject(refused);
  expect(told).toEqual([expect.stringMatching(/finished 1$/)]);
  expect(await core.run(newTicket(), AbortSignal.abort())).toMatchObject({ code: "stopping" });
  expect(told).toHaveLength(2);
});

test("an end that the disk does not take is told all the same, and written when it does", async () => {
  let is_full = true;
  let written = 0;
  const { core, told, ledger, later } = openCore({
    async end(...end) {
      if (is_full) return failing();
      await ledger.end(...end);
      written += 1;
    },
  });
  const ticket = newTicket();
  const { command_id } = ticket.plan;
  expect(await core.run(ticket, here)).toMatchObject({ end: { outcome: "not_started" } });
  expect(core.state(command_id)).toMatchObject({ end: { outcome: "not_started" } });
  expect(ledger.find(command_id)?.markers).toEqual({ state: "started" });
  later.shift()!();
  await vi.waitFor(() => expect(later).toHaveLength(1), PATIENCE);
  is_full = false;
  later.shift()!();
  await vi.waitFor(() => expect(told).toHaveLength(3), PATIENCE);
  expect(later).toEqual([]);
  expect(ledger.find(command_id)?.markers).toMatchObject({ end: { outcome: "not_started" } });
  expect(written).toBe(1);
  expect(core.state("unheard-of")).toEqual({ state: "never" });
});

test("the budget for output on disk refuses what could exceed it, until outputs are fetched", async () => {
  const { core, ledger } = openCore({});
  await ledger.start(ticketFor("big", clock.now() + 60_000), clock.now());
  await ledger.end(
    "big",
    { ...interrupted, output: "x".repeat(SPOOL_LIMIT_BYTES - 2047) },
    clock.now(),
  );
  expect(core.usage()).toMatchObject({ running: 0, spool_bytes: SPOOL_LIMIT_BYTES - 2047 });
  const refused = newTicket();
  expect(await core.run(refused, here)).toMatchObject({ state: "refused", code: "spool_full" });
  core.ack("big");
  expect(await core.run(refused, here)).toMatchObject({ state: "ended" }); // nothing was burned
  expect(core.usage().spool_bytes).toBe(0);
});

test("a cancel while a command is prepared: it never begins, not in a second try either", async () => {
  const tested = Promise.withResolvers<SandboxReport>();
  const { core } = openCore({}, { report: () => tested.promise });
  const ticket = newTicket();
  const answer = core.run(ticket, here);
  const other = core.run(newTicket(), here);
  await core.cancel(ticket.plan.command_id);
  tested.resolve({ available: true, level: "shared_user", checks: [] });
  const ended = { state: "ended", end: cancelled };
  expect(await answer).toEqual(ended);
  expect(await core.run(ticket, here)).toEqual(ended);
  expect(core.state(ticket.plan.command_id)).toEqual(ended);
  expect(await other).toMatchObject({ end: { why: expect.stringContaining("/nonexistent") } });
});

test("a cancel while a ticket is burned: the command never begins", async () => {
  const burned = Promise.withResolvers<void>();
  const asked = Promise.withResolvers<void>();
  const { core, ledger } = openCore({
    async start(...started) {
      asked.resolve();
      await burned.promise;
      await ledger.start(...started);
    },
  });
  const ticket = newTicket();
  const answer = core.run(ticket, here);
  await asked.promise;
  const done = core.cancel(ticket.plan.command_id);
  burned.resolve();
  await done;
  expect(await answer).toEqual({ state: "ended", end: cancelled });
});

const cancelled = { outcome: "not_started", why: "cancelled before it began" };

test("no end is told before it is durable, and one that is not written is told to its ticket", async () => {
  const durable = Promise.withResolvers<void>();
  const writing = Promise.withResolvers<void>();
  const { core, ledger } = openCore({
    async end(...end) {
      await ledger.end(...end); // readable, as in a group that waits for its commit
      writing.resolve();
      await durable.promise;
    },
  });
  const ticket = newTicket();
  const first = core.run(ticket, here);
  await writing.promise;
  expect(await core.run(ticket, here)).toMatchObject({ state: "refused", code: "replayed" });
  durable.resolve();
  const end = await first;
  expect(await core.run(ticket, here)).toEqual(end);

  const full = openCore({ end: failing });
  const unwritten = newTicket();
  const answer = await full.core.run(unwritten, here);
  expect(answer).toMatchObject({ state: "ended", end: { outcome: "not_started" } });
  expect(await full.core.run(unwritten, here)).toEqual(answer);
});

test("another ticket for a command that has ended is refused with what became of it", async () => {
  const { core } = openCore({});
  const ticket = newTicket();
  await core.run(ticket, here);
  const again = ticketFor(ticket.plan.command_id, clock.now() + 60_000, "false");
  expect(await core.run(again, here)).toMatchObject({
    ...{ state: "refused", code: "replayed" },
    message: expect.stringContaining("/nonexistent could not be started"),
  });
});

test("a refusal names the workspace only where the workspace is at fault", async () => {
  const unavailable = { state: "refused", code: "sandbox_unavailable", message: "disk full" };
  const unstaged = openCore({}, { stage: failing });
  expect(await unstaged.core.run(newTicket(), here)).toEqual(unavailable);
  const unprepared = openCore({}, { prepare: failing });
  expect(await unprepared.core.run(newTicket(), here)).toEqual(unavailable);
  const swapped = openCore(
    {},
    {
      prepare() {
        renameSync(swapped.home, `${swapped.home}-moved`);
        return failing();
      },
    },
  );
  onTestFinished(() => rmSync(`${swapped.home}-moved`, { recursive: true }));
  expect(await swapped.core.run(newTicket(), here)).toMatchObject({ code: "workspace_changed" });
});

const interrupted = { outcome: "interrupted", ran: "maybe", why: "test" } as const;
