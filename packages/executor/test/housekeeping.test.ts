/** The core alone, with a sandbox that cannot start anything: what it keeps, forgets and tells. */
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock as clock } from "@mainstay/sdk/clock";
import { expect, onTestFinished, test } from "vitest";
import { createExecutor } from "../src/executor.ts";
import { openLedger } from "../src/ledger.ts";
import { openProcessTable } from "../src/process-table.ts";
import type { Sandbox } from "../src/sandbox/sandbox.ts";
import type { Stage } from "../src/sandbox/stage.ts";
import { signTicket } from "../src/ticket.ts";
import type { Workspace } from "../src/workspaces.ts";

const ticket_key = Buffer.alloc(32, 7);

function openCore(change: Partial<ReturnType<typeof openLedger>>) {
  const home = mkdtempSync(join(tmpdir(), "mainstay-core-"));
  const ledger = openLedger(home);
  onTestFinished(() => {
    ledger.close();
    rmSync(home, { recursive: true });
  });
  const told: string[] = [];
  let finished = 0;
  const launch = {
    ...{
      program: "/nonexistent",
      argv: [],
      inherited: [],
      stdin: null,
      wall_ms: 1,
      output_bytes: 1024,
    },
    ...{ output_fifo: join(home, "none"), filter_path: join(home, "none") },
  };
  const finish = () => [`finished ${(finished += 1)}`];
  const sandbox: Sandbox = {
    stage: async () => ({ ripgrep_folder: null }) as Stage,
    report: async () => ({ available: true, level: "shared_user", checks: [] }),
    prepare: async () => ({ launch, inspect: () => {}, finish }),
    settled: async () => {},
  };
  const core = createExecutor({
    ...{ ticket_key, clock, sandbox, ledger: { ...ledger, ...change } },
    workspaces: { register: async () => {}, find: () => workspaceAt(home), close: () => {} },
    processes: openProcessTable(() => {}),
    log: (text) => told.push(text),
    spool_limit_bytes: 1 << 20,
    onOutput: () => {},
    onEnded: () => {},
  });
  return { core, told };
}

function workspaceAt(path: string): Workspace {
  const { dev, ino, uid, gid } = statSync(path);
  return {
    ...{ id: "w", path, descriptor: -1, person_uid_number: 1 },
    ...{ owner: { uid, gid }, identity: `${dev}:${ino}` },
  };
}

let count = 0;
const newTicket = () =>
  signTicket(ticket_key, {
    plan: {
      ...{ command_id: `c-${++count}`, person_id: "ada", person_uid_number: 1, workspace_id: "w" },
      run: { kind: "script", script: "true" },
      profile: "agent",
      limits: { wall_ms: 1000, output_bytes: 1024 },
    },
    consent: { verdict: "safe", decided_by: "test", rule: null },
    expires_at: clock.now() + 60_000,
    nonce: randomBytes(16).toString("hex"),
  });
const here = new AbortController().signal;
const failing = () => {
  throw new Error("disk full");
};

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

test("a command whose end the disk did not take is never told as one that never ran", async () => {
  const { core } = openCore({ end: failing });
  const ticket = newTicket();
  await core.run(ticket, here);
  expect(core.state(ticket.plan.command_id)).toMatchObject({
    state: "ended",
    end: { outcome: "interrupted", ran: "no" },
  });
  expect(core.state("unheard-of")).toEqual({ state: "never" });
});
