/** One executor after another: builds, protocols, and the end that a server orders. */
import { execFileSync } from "node:child_process";
import { closeSync, existsSync, mkdirSync, openSync, readdirSync, writeSync } from "node:fs";
import { join } from "node:path";
import { systemClock as clock } from "@mainstay/sdk/clock";
import { expect, onTestFinished, test } from "vitest";
import { dial, dialToEnd } from "../src/dial.ts";
import { openKeys } from "../src/keys.ts";
import { closeExecutor, launchExecutor, type LaunchSettings } from "../src/launch.ts";
import { PROTOCOL } from "../src/protocol.ts";
import { ticketsOf, registration } from "./harness.ts";
import { leaveOlder } from "./older.ts";
import { scratchHome } from "./scratch.ts";

const settingsFor = (home: string, epoch: number) => ({
  ...{ home, epoch, node_path: process.execPath, ripgrep_path: null },
});

/** A home, a workspace, and commands in it that go on when they are told to. */
function openHouse() {
  const base = scratchHome();
  const home = join(base, "home");
  const workspace = join(base, "workspace");
  mkdirSync(home);
  mkdirSync(workspace);
  const go = join(workspace, "go");
  execFileSync("mkfifo", ["-m", "666", go]);
  const held = openSync(go, "r+"); // a writer that never waits for its reader
  onTestFinished(async () => {
    closeSync(held);
    await closeExecutor({ home, epoch: 1_000, clock });
  });
  let epoch = 1;
  const ticket = ticketsOf(home);
  return {
    home,
    ticket,
    /** Waits for `release`, then ends with this code. */
    waiting: (exit_code: number) => ticket(`read line < go; exit ${exit_code}`),
    release: () => void writeSync(held, "on\n"),
    workspace: registration("w", workspace),
    settings: () => settingsFor(home, ++epoch),
    launch: (more: Partial<LaunchSettings> = {}) =>
      launchExecutor({ ...settingsFor(home, ++epoch), clock, log: () => {}, ...more }),
  };
}

const isRunning = (pid: number) => existsSync(`/proc/${pid}/exe`);

test("an idle executor of another build makes room at once", async () => {
  const house = openHouse();
  const old_pid = await leaveOlder({ ...house, settings: house.settings(), tickets: [] });
  const told: string[] = [];
  const link = await house.launch({ onWaiting: (why) => told.push(why) });
  expect(link.pid).not.toBe(old_pid);
  expect(isRunning(old_pid)).toBe(false);
  expect(told).toEqual([]);
  const again = await house.launch();
  expect(again.pid).toBe(link.pid); // of our own build nothing is asked to go
});

test("one of another build with a command is used until it is idle; then the link drops", async () => {
  const house = openHouse();
  const ticket = house.waiting(3);
  const old_pid = await leaveOlder({ ...house, settings: house.settings(), tickets: [ticket] });
  const link = await house.launch();
  expect(link.pid).toBe(old_pid);
  await link.registerWorkspace(house.workspace);
  const short = house.ticket("exit 4");
  expect(await link.run(short)).toMatchObject({ state: "started" });
  expect(await link.wait(short.plan.command_id)).toMatchObject({ exit_code: 4 });
  const ended = link.wait(ticket.plan.command_id);
  house.release();
  expect(await ended).toMatchObject({ exit_code: 3 });
  await link.closed;
  const next = await house.launch();
  expect(next.pid).not.toBe(old_pid);
  expect(await next.wait(ticket.plan.command_id)).toMatchObject({ exit_code: 3 });
  expect(await next.wait(short.plan.command_id)).toMatchObject({ exit_code: 4 });
});

test("one of another protocol finishes its command first, while the next waits and says why", async () => {
  const house = openHouse();
  const ticket = house.waiting(5);
  const older = { ...house, settings: house.settings(), tickets: [ticket] };
  const old_pid = await leaveOlder({ ...older, protocol: PROTOCOL + 1 });
  const waiting = Promise.withResolvers<string>();
  const launched = house.launch({ onWaiting: waiting.resolve });
  expect(await waiting.promise).toBe("an older executor is finishing 1 command");
  expect(isRunning(old_pid)).toBe(true);
  house.release();
  const link = await launched;
  expect(link.pid).not.toBe(old_pid);
  expect(await link.wait(ticket.plan.command_id)).toMatchObject({ exit_code: 5 });
});

test("such a wait can be given up", async () => {
  const house = openHouse();
  const older = { ...house, settings: house.settings(), tickets: [house.waiting(0)] };
  await leaveOlder({ ...older, protocol: PROTOCOL + 1 });
  const giving_up = new AbortController();
  const launched = house.launch({
    signal: giving_up.signal,
    onWaiting: () => giving_up.abort(new Error("stopping")),
  });
  await expect(launched).rejects.toThrow("stopping");
});

test.for([PROTOCOL, PROTOCOL + 1])(
  "an executor of protocol %i that was left is ended with its commands",
  async (protocol) => {
    const house = openHouse();
    const ticket = house.waiting(0);
    const older = { ...house, settings: house.settings(), tickets: [ticket] };
    const pid = await leaveOlder({ ...older, ...(protocol !== PROTOCOL && { protocol }) });
    expect(await closeExecutor({ home: house.home, epoch: 50, clock })).toBe(true);
    expect(isRunning(pid)).toBe(false);
    expect(await closeExecutor({ home: house.home, epoch: 50, clock })).toBe(false);
    const next = await house.launch({ epoch: 51 });
    expect(await next.wait(ticket.plan.command_id)).toMatchObject({
      outcome: "interrupted",
      ran: "partly",
      why: "a server ended the executor",
    });
  },
);

test("where there is none, none is started and nothing made to end it", async () => {
  const home = scratchHome();
  expect(await closeExecutor({ home, epoch: 1, clock })).toBe(false);
  expect(readdirSync(home)).toEqual([]);
});

test("orders without the key or of an older server are not obeyed", async () => {
  const house = openHouse();
  const link = await house.launch({ epoch: 7 });
  const address = join(house.home, "run", "executor.sock");
  const { link_key } = openKeys(house.home);
  const stranger = { address, link_key: Buffer.alloc(32, 1), epoch: 99, clock };
  await expect(dialToEnd(stranger)).rejects.toMatchObject({ code: "bad_mac" });
  const stale = { address, link_key, epoch: 6, clock, log: () => {} };
  await expect(dialToEnd(stale)).rejects.toMatchObject({ code: "stale_epoch" });
  await expect(dial(stale)).rejects.toMatchObject({ code: "stale_epoch" });
  expect(await link.usage()).toMatchObject({ running: 0, spool_limit_bytes: 256 << 20 });
});
