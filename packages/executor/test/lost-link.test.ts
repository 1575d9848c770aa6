/** Links that break, executors that hang, launches that are given up: each has an end, and says why. */
import { existsSync, mkdirSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { type Clock, systemClock as clock } from "@mainstay/sdk/clock";
import { expect, onTestFinished, test } from "vitest";
import { Hello, newNonce, proof } from "../src/envelope.ts";
import { openKeys } from "../src/keys.ts";
import { closeExecutor, launchExecutor, type LaunchSettings } from "../src/launch.ts";
import { readLines, sendLine } from "../src/lines.ts";
import { listen, type ListenerParts } from "../src/listener.ts";
import { PROTOCOL } from "../src/protocol.ts";
import { openRunFolder } from "../src/run-folder.ts";
import { openBench, saying } from "./harness.ts";
import { scratchHome } from "./scratch.ts";

/** For waits that would take half a minute. */
const HASTE = 50;
const hasty: Clock = {
  now: clock.now,
  monotonic: () => clock.monotonic() * HASTE,
  sleep: (delay_ms, signal) => clock.sleep(delay_ms / HASTE, signal),
  after: (delay_ms, run) => clock.after(delay_ms / HASTE, run),
};

/** Until `hurry` is called it is the real one. */
function hurriedClock() {
  let current = clock;
  const hurried: Clock = {
    now: clock.now,
    monotonic: () => current.monotonic(),
    sleep: (...wait) => current.sleep(...wait),
    after: (...wait) => current.after(...wait),
  };
  return { clock: hurried, hurry: () => void (current = hasty) };
}

const launch = (home: string, change: Partial<LaunchSettings> = {}) =>
  launchExecutor({
    ...{ home, epoch: 1, node_path: process.execPath, ripgrep_path: null },
    ...{ clock, log: () => {}, ...change },
  });

async function bench() {
  const opened = await openBench();
  onTestFinished(() => opened.close());
  return opened;
}

/** An executor's end of the link in this process, with no executor behind it. */
async function openListener(change: Partial<ListenerParts> = {}) {
  const home = join(scratchHome(), "home");
  mkdirSync(home);
  const folder = openRunFolder(home);
  const { link_key } = openKeys(home);
  const held = Promise.withResolvers<void>();
  const listener = await listen({
    ...{ folder, link_key, pid: process.pid, build: "another", clock, running: () => 0 },
    ...{ answer: async () => 0, onHeldChanged: held.resolve, onOrder: () => {}, ...change },
  });
  onTestFinished(async () => {
    await listener.close();
    folder.close();
  });
  return { home, link_key, folder, listener, held: held.promise };
}

test("a server that lost its link to a living executor gets it back; while it is held nobody does", async () => {
  const { home, link, relaunch } = await bench();
  await expect(launch(home)).rejects.toMatchObject({ code: "stale_epoch" });
  await link().leave();
  const again = await launch(home);
  expect(again.pid).toBe(link().pid);
  await again.leave();
  await relaunch({ epoch: 2 });
});

test("a listener that throws is told of and costs nobody else the link", async () => {
  const { link, ticket, relaunch } = await bench();
  const told: string[] = [];
  await relaunch({ log: (text) => told.push(text) });
  link().onOutput(() => {
    throw new Error("not my day");
  });
  const asked = ticket("echo heard");
  const heard = saying(link(), asked.plan.command_id, "heard");
  await link().run(asked);
  await heard;
  expect(await link().wait(asked.plan.command_id)).toMatchObject({ exit_code: 0 });
  expect(told).toEqual([expect.stringContaining("not my day")]);
});

test("a holder that reads nothing any more does not keep the executor from its end", async () => {
  const { link_key, folder, listener, held } = await openListener();
  const socket = connect(folder.socket_address);
  onTestFinished(() => void socket.destroy());
  readLines(socket, (message) => {
    socket.pause();
    const { nonce: executor_nonce } = Hello.parse(message);
    const claim = { protocol: PROTOCOL, epoch: 1, purpose: "hold" } as const;
    const server_nonce = newNonce();
    const mac = proof(link_key, "server", { ...claim, executor_nonce, server_nonce });
    sendLine(socket, { ...claim, nonce: server_nonce, mac });
  });
  await held;
  for (let count = 0; count < 20; count += 1) listener.sendOutput("c", 0, "x".repeat(1 << 17));
  await listener.close();
});

test("an executor that is going and does not end is named after a while", async () => {
  const { home, listener } = await openListener();
  listener.stopBeginning();
  // In one process with who answers: that an answer takes a moment must not be taken for silence.
  const launched = launch(home, { clock: { ...hasty, after: clock.after } });
  await expect(launched).rejects.toMatchObject({
    ...{ code: "executor_unreachable" },
    message: expect.stringContaining(`pid ${process.pid}) is going and does not end`),
  });
});

test("one of another build that says it goes, and stays, keeps no server from stopping", async () => {
  const { home, held } = await openListener();
  const giving_up = new AbortController();
  const launched = launch(home, { signal: giving_up.signal });
  await held;
  giving_up.abort(new Error("stopping"));
  await expect(launched).rejects.toThrow("stopping");
});

test("a stopped executor is named, not taken for none: by a launch, a close and an order", async () => {
  const { home, link, relaunch } = await bench();
  const { pid } = link();
  const is_named = {
    code: "executor_unreachable",
    message: expect.stringContaining(`pid ${pid}`),
  };
  process.kill(pid, "SIGSTOP");
  try {
    await expect(launch(home, { epoch: 2, clock: hasty })).rejects.toMatchObject(is_named);
    await expect(closeExecutor({ home, epoch: 2, clock: hasty })).rejects.toMatchObject(is_named);
  } finally {
    process.kill(pid, "SIGCONT");
  }
  const time = hurriedClock();
  const held = await relaunch({ epoch: 3, clock: time.clock });
  process.kill(pid, "SIGSTOP");
  time.hurry();
  try {
    await expect(held.close()).rejects.toMatchObject(is_named);
    await held.closed;
  } finally {
    process.kill(pid, "SIGCONT");
  }
});

test("a launch that is given up ends the executor it started", async () => {
  const home = join(scratchHome(), "home");
  const giving_up = new AbortController();
  let pid = 0;
  const launched = launch(home, {
    signal: giving_up.signal,
    log(text) {
      pid = Number(/pid (\d+)$/.exec(text)?.[1]);
      giving_up.abort(new Error("stopping"));
    },
  });
  await expect(launched).rejects.toThrow("stopping");
  expect(pid).toBeGreaterThan(0);
  expect(existsSync(`/proc/${pid}/exe`)).toBe(false);
  expect(await closeExecutor({ home, epoch: 2, clock })).toBe(false);
});
