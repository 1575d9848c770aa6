/** Finds the executor of a home, or starts it, and returns the link to it. */
import { existsSync, mkdirSync, readFileSync, realpathSync } from "node:fs";
import { join } from "node:path";
import type { Clock } from "@mainstay/sdk/clock";
import { sourceDigest } from "./build.ts";
import { type Dial, dial, type Dialled, dialToEnd } from "./dial.ts";
import { ExecutorRefused, ExecutorUnreachable } from "./errors.ts";
import { openKeys } from "./keys.ts";
import type { ExecutorLink, OpenLink } from "./link.ts";
import { EXIT_LOCKED, PROTOCOL } from "./protocol.ts";
import { openRunFolder } from "./run-folder.ts";
import { lastWords, type Started, startExecutor, type StartSettings } from "./start.ts";

export type { ExecutorLink } from "./link.ts";

const LAUNCH_MS = 30_000;
const REDIAL_MS = 10;
const LOOK_AGAIN_MS = 250;

export interface LaunchSettings extends StartSettings {
  /** Mainstay's data folder; made if absent. */
  home: string;
  /** The server's incarnation: a higher one takes the executor over from a lower one. */
  epoch: number;
  clock: Clock;
  log(text: string): void;
  /** Told in a person's words, whenever they change, while an executor must finish its commands. */
  onWaiting?(why: string): void;
  /** Gives up, also such a wait; rejects with its reason. */
  signal?: AbortSignal;
}

/**
 * An executor of the same protocol is used, whatever its build: one of another build goes as soon as
 * no command runs, and then the link drops and the next launch starts the installed one. One of
 * another protocol must have finished its commands before.
 *
 * Rejects with `ExecutorUnreachable` when none can be started, and with `ExecutorRefused`
 * (`stale_epoch`, `protocol`, `impostor`) when there is one that must not be used.
 */
export async function launchExecutor(settings: LaunchSettings): Promise<ExecutorLink> {
  const { epoch, clock } = settings;
  mkdirSync(settings.home, { recursive: true, mode: 0o700 });
  const home = realpathSync(settings.home);
  const { link_key } = openKeys(home);
  const folder = openRunFolder(home);
  try {
    const at = { address: folder.socket_address, link_key, epoch, clock };
    return untilExited(await findOrStart({ ...settings, home }, at), clock);
  } finally {
    folder.close();
  }
}

async function findOrStart(settings: LaunchSettings, at: Dial): Promise<ExecutorLink> {
  const { home, clock, log, signal } = settings;
  const tellWaiting = onceEach(settings.onWaiting ?? (() => {}));
  let deadline = clock.monotonic() + LAUNCH_MS;
  let started: Started | null = null;
  while (clock.monotonic() < deadline) {
    signal?.throwIfAborted();
    const found = await dial(at);
    switch (found.state) {
      case "open":
        if (started !== null || !(await isOutdatedAndIdle(found))) return found.link;
        await found.link.closed;
        break;
      case "leaving":
        if (started !== null && found.protocol !== PROTOCOL) throw changedOnDisk();
        if (found.running > 0) {
          tellWaiting(`an older executor is finishing ${commands(found.running)}`);
        }
        deadline = clock.monotonic() + LAUNCH_MS;
        await clock.sleep(found.running > 0 ? LOOK_AGAIN_MS : REDIAL_MS, signal);
        break;
      case "absent":
        if (started?.exit_code != null && started.exit_code !== EXIT_LOCKED) deadline = 0;
        else if (started === null || started.exit_code !== null) {
          started = startExecutor(settings);
          log(`executor started with pid ${started.child.pid}`);
        }
        await clock.sleep(REDIAL_MS, signal);
    }
  }
  throw new ExecutorUnreachable(`the executor did not come up: ${lastWords(home)}`);
}

async function isOutdatedAndIdle(found: { link: OpenLink; build: string }): Promise<boolean> {
  return found.build !== sourceDigest() && (await found.link.retireWhenIdle()) === 0;
}

function changedOnDisk(): ExecutorRefused {
  const why = "the files of the executor are of another version than this server: restart it";
  return new ExecutorRefused("protocol", why);
}

const commands = (count: number) => (count === 1 ? "1 command" : `${count} commands`);

function onceEach(tell: (why: string) => void): (why: string) => void {
  let last = "";
  return (why) => {
    if (why !== last) tell(why);
    last = why;
  };
}

/**
 * Ends the executor that a server left, and its commands, without starting one. Resolves, with
 * whether there was one, when its process is gone. Rejects with `ExecutorRefused` (`stale_epoch`).
 */
export async function closeExecutor({
  home,
  epoch,
  clock,
}: Pick<LaunchSettings, "home" | "epoch" | "clock">): Promise<boolean> {
  if (!existsSync(join(home, "run", "executor.sock"))) return false;
  const { link_key } = openKeys(home);
  const folder = openRunFolder(home);
  try {
    const at = { address: folder.socket_address, link_key, epoch, clock };
    const found: Dialled = await dialToEnd(at);
    if (found.state !== "leaving") return false;
    await exited(found.pid, clock);
    return true;
  } finally {
    folder.close();
  }
}

/** `close` of the link ends with the process, which drops its lock and its mounts. */
function untilExited(link: ExecutorLink, clock: Clock): ExecutorLink {
  return {
    ...link,
    async close() {
      await link.close();
      await exited(link.pid, clock);
    },
  };
}

async function exited(pid: number, clock: Clock): Promise<void> {
  while (existsSync(`/proc/${pid}`) && !isZombie(pid)) await clock.sleep(2);
}

function isZombie(pid: number): boolean {
  try {
    return /^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return true;
  }
}
