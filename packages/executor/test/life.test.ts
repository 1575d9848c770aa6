/** How an executor begins and ends, and what becomes of commands then. */
import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import {
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createRequire } from "node:module";
import { DatabaseSync } from "node:sqlite";
import { afterEach, expect, onTestFinished, test } from "vitest";
import { systemClock as clock } from "@mainstay/sdk/clock";
import { ExecutorGone, ExecutorUnreachable } from "../src/errors.ts";
import { launchExecutor } from "../src/launch.ts";
import {
  fakeBubblewrap,
  openBench,
  processesWith,
  saying,
  statusOf,
  type Bench,
} from "./harness.ts";

let bench: Bench | undefined;
afterEach(async () => {
  await bench?.close();
  bench = undefined;
});

/** A running command whose processes carry the returned word. */
async function begin(bench: Bench) {
  const word = `life-${randomBytes(4).toString("hex")}`;
  const ticket = bench.ticket(`echo ran >> effects; echo up; setsid sleep 60; : ${word}`);
  const up = saying(bench.link(), ticket.plan.command_id, "up");
  await bench.link().run(ticket);
  await up;
  return { word, ticket, command_id: ticket.plan.command_id };
}

const isRunning = (pid: number) => /^State:\s+[^ZX]/m.test(statusOf(pid));

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await clock.sleep(5);
}

test("closing ends commands and process; the next executor knows the ends", async () => {
  bench = await openBench();
  const { word, command_id } = await begin(bench);
  const { pid } = bench.link();
  const waiting = bench.link().wait(command_id);
  await bench.link().close();
  await bench.link().close();
  expect(isRunning(pid)).toBe(false);
  expect(processesWith(word)).toEqual([]);
  const why = "the server was stopped";
  const end = { outcome: "interrupted", ran: "partly", why, duration_ms: expect.any(Number) };
  expect(await waiting).toMatchObject({ ...end, output: "up\n", output_truncated: false });
  await expect(bench.link().state(command_id)).rejects.toBeInstanceOf(ExecutorGone);
  const next = await bench.relaunch();
  expect(next.pid).not.toBe(pid);
  expect(await next.state(command_id)).toEqual({ state: "ended", end: await waiting });
});

test("an executor that is killed rejects what was pending; the next says maybe, and runs nothing again", async () => {
  bench = await openBench();
  const { word, ticket, command_id } = await begin(bench);
  const waiting = bench.link().wait(command_id);
  process.kill(bench.link().pid, "SIGKILL");
  await expect(waiting).rejects.toBeInstanceOf(ExecutorGone);
  await bench.link().closed;
  const next = await bench.relaunch();
  expect(processesWith(word)).toEqual([]);
  expect(await next.state(command_id)).toMatchObject({
    state: "ended",
    end: { outcome: "interrupted", ran: "maybe", output: "up\n", output_truncated: false },
  });
  expect(await next.run(ticket)).toMatchObject({ state: "ended", end: { ran: "maybe" } });
  expect(readFileSync(join(bench.workspace, "effects"), "utf8")).toBe("ran\n");
});

test("SIGTERM, and a folder that vanishes, end commands and executor", async () => {
  bench = await openBench();
  const first = await begin(bench);
  const terminated = bench.link();
  process.kill(terminated.pid, "SIGHUP");
  process.kill(terminated.pid, "SIGINT");
  expect((await bench.exited("echo still here")).output).toBe("still here\n");
  process.kill(terminated.pid, "SIGTERM");
  await terminated.closed;
  await until(() => !isRunning(terminated.pid));
  expect(processesWith(first.word)).toEqual([]);

  const next = await bench.relaunch();
  const second = await begin(bench);
  renameSync(join(bench.home, "run"), join(bench.home, "gone"));
  await next.closed;
  await until(() => !isRunning(next.pid));
  expect(processesWith(second.word)).toEqual([]);
});

/** Says "up", then goes on when `release` is called. */
async function beginHeld(bench: Bench, rest: string) {
  const go = join(bench.workspace, "go");
  execFileSync("mkfifo", ["-m", "666", go]);
  const held = openSync(go, "r+"); // a writer that never waits for its reader
  onTestFinished(() => closeSync(held));
  const ticket = bench.ticket(`echo up; read line < go; ${rest}`);
  const up = saying(bench.link(), ticket.plan.command_id, "up");
  await bench.link().run(ticket);
  await up;
  return { command_id: ticket.plan.command_id, release: () => void writeSync(held, "on\n") };
}

test("a higher epoch takes over: the old link drops, its command runs on and is the new holder's", async () => {
  bench = await openBench();
  const old = bench.link();
  const { command_id, release } = await beginHeld(bench, "echo $line; echo ran >> effects");
  const forsaken = expect(old.wait(command_id)).rejects.toBeInstanceOf(ExecutorGone);
  const next = await bench.relaunch();
  await forsaken;
  expect(next.pid).toBe(old.pid);
  expect(await next.state(command_id)).toMatchObject({ state: "running" });
  expect(await next.output(command_id)).toEqual({ offset: 0, text: "up\n" });
  const pieces: [number, string][] = [];
  next.onOutput((_id, offset, text) => pieces.push([offset, text]));
  release();
  const end = await next.wait(command_id);
  expect(end).toMatchObject({ outcome: "exited", exit_code: 0, output: "up\non\n" });
  expect(pieces).toEqual([[3, "on\n"]]);
  expect(await next.output(command_id)).toBeNull();
  expect(readFileSync(join(bench.workspace, "effects"), "utf8")).toBe("ran\n");
});

test("a link that was left ends nothing; the next server has the command", async () => {
  bench = await openBench();
  const { pid } = bench.link();
  const { command_id } = await begin(bench);
  await bench.link().leave();
  await bench.link().leave();
  await expect(bench.link().usage()).rejects.toBeInstanceOf(ExecutorGone);
  const next = await bench.relaunch();
  expect(next.pid).toBe(pid);
  const usage = await next.usage();
  expect(usage.running).toBe(1);
  expect(usage.spool_bytes).toBeGreaterThan("up\n".length);
  await next.cancel(command_id);
  expect(await next.wait(command_id)).toMatchObject({ outcome: "exited", cancelled: true });
  expect(await next.usage()).toMatchObject({ running: 0, spool_bytes: "up\n".length });
  await next.ack(command_id);
  expect(await next.usage()).toMatchObject({ spool_bytes: 0 });
});

test("it ends after the last server and the last command, not before", async () => {
  bench = await openBench({ idle_ms: 1 });
  const { pid } = bench.link();
  const { command_id, release } = await beginHeld(bench, "exit 7");
  await bench.link().leave();
  release();
  await until(() => !isRunning(pid));
  const next = await bench.relaunch();
  expect(next.pid).not.toBe(pid);
  expect(await next.wait(command_id)).toMatchObject({ exit_code: 7 });
  await next.leave();
  await until(() => !isRunning(next.pid));
});

test("without bubblewrap every command is refused, with the fix", async () => {
  bench = await openBench({ bubblewrap_path: "/nonexistent/bwrap" });
  expect(await bench.link().run(bench.ticket("touch made"))).toMatchObject({
    state: "refused",
    code: "sandbox_unavailable",
    message: expect.stringContaining("apt-get install bubblewrap"),
  });
  expect(await bench.link().selfTest()).toMatchObject({ available: false, level: "none" });
  expect(readdirSync(bench.workspace)).toEqual([]);
});

test("a bubblewrap that isolates nothing is found out", async () => {
  // Gives the stub the descriptors it expects and none of the isolation.
  using fake = fakeBubblewrap(`echo "{ \\"child-pid\\": $$ }" >&4
while [ "$1" != --chdir ]; do shift; done; cd "$2"; shift 2
while [ "$1" != -- ]; do shift; done; shift; exec "$@"`);
  bench = await openBench({ bubblewrap_path: fake.program });
  const report = await bench.link().selfTest();
  expect(report.available).toBe(false);
  expect(report.checks.some(({ state }) => state === "open")).toBe(true);
});

test("what is swapped between the look and the bind is seen at the gate", async () => {
  using fake = fakeBubblewrap(`
for folder in /workspace "\${0%/*}/workspace"; do
  [ -d "$folder/evil" ] && mv "$folder/.git" "$folder/x" && mv "$folder/evil" "$folder/.git"
done
exec /usr/bin/bwrap "$@"`);
  bench = await openBench({ bubblewrap_path: fake.program });
  for (const name of [".git", "evil"]) mkdirSync(join(bench.workspace, name));
  symlinkSync(bench.workspace, join(dirname(fake.program), "workspace"));
  const end = await bench.end(bench.ticket("echo ran > effects"));
  expect(readdirSync(bench.workspace)).toContain("x"); // the swap took place
  expect(end).toMatchObject({ outcome: "not_started", why: expect.stringContaining("swapped") });
  expect((await bench.exited("echo ran > effects")).exit_code).toBe(0);
});

test("the search profile has ripgrep and cannot write", async () => {
  const require = createRequire(import.meta.url);
  const { rgPath } = require("@vscode/ripgrep") as { rgPath: string };
  bench = await openBench({ ripgrep_path: rgPath });
  writeFileSync(join(bench.workspace, "notes"), "a needle\n");
  const found = await bench.exited(["rg", "--no-heading", "needle"], { profile: "search" });
  expect(found).toMatchObject({ exit_code: 0, output: "notes:a needle\n" });
  expect(await bench.exited("echo x > made", { profile: "search" })).toMatchObject({
    exit_code: 1,
  });
  const none = await openBench();
  try {
    expect(await none.link().run(none.ticket(["rg", "x"], { profile: "search" }))).toMatchObject({
      code: "search_unavailable",
    });
  } finally {
    await none.close();
  }
});

test("the ledger's lock keeps a second executor out; one that cannot start says why", async () => {
  bench = await openBench();
  const db = new DatabaseSync(join(bench.home, "exec", "exec.db"), { timeout: 50 });
  expect(() => db.exec("BEGIN IMMEDIATE")).toThrow(/locked/);
  db.close();
  const base = mkdtempSync(join(tmpdir(), "mainstay-broken-"));
  mkdirSync(join(base, "exec", "exec.db"), { recursive: true });
  const broken = launchExecutor({
    home: base,
    epoch: 1,
    node_path: process.execPath,
    ripgrep_path: null,
    clock,
    log: () => {},
  });
  await expect(broken).rejects.toBeInstanceOf(ExecutorUnreachable);
  await expect(broken).rejects.toThrow(/unable to open database/);
  rmSync(base, { recursive: true });
});

test("a home whose path is longer than a socket's address works", async () => {
  const base = mkdtempSync(join(realpathSync(tmpdir()), "mainstay-"));
  onTestFinished(() => rmSync(base, { recursive: true }));
  const long = join(base, "long-".repeat(30));
  const link = await launchExecutor({
    home: long,
    epoch: 1,
    node_path: process.execPath,
    ripgrep_path: null,
    clock,
    log: () => {},
  });
  await link.close();
});

test("a cancel at any moment ends the command, and one that came before the go ran nothing", async () => {
  bench = await openBench();
  await bench.link().selfTest();
  for (let delay_ms = 0; delay_ms <= 24; delay_ms += 2) {
    const ticket = bench.ticket("echo ran >> effects; sleep 60");
    const { command_id } = ticket.plan;
    rmSync(join(bench.workspace, "effects"), { force: true });
    const answer = bench.link().run(ticket);
    while ((await bench.link().state(command_id)).state === "never");
    if (delay_ms > 0) await clock.sleep(delay_ms);
    await bench.link().cancel(command_id);
    const end = await bench.link().wait(command_id);
    await answer;
    if (end.outcome === "exited") expect(end.cancelled).toBe(true);
    else expect(end).toEqual({ outcome: "not_started", why: "cancelled before it began" });
    const ran = existsSync(join(bench.workspace, "effects"));
    if (end.outcome === "not_started") expect(ran).toBe(false);
  }
});
