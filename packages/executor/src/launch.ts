/** Finds the executor of a home, or starts it, and returns the link to it. */
import { existsSync, mkdirSync, realpathSync } from "node:fs";
import { join } from "node:path";
import type { Clock } from "@mainstay/sdk/clock";
import { sourceDigest } from "./build.ts";
import { type Dial, dial, dialToEnd } from "./dial.ts";
import { ExecutorGone, ExecutorRefused, ExecutorUnreachable } from "./errors.ts";
import { endStarted, executorProcess, nameOf, untilEnded } from "./executor-process.ts";
import { openKeys } from "./keys.ts";
import type { ExecutorLink, OpenLink } from "./link.ts";
import { EXIT_LOCKED, PROTOCOL, UNSANDBOXED_PROTOCOL } from "./protocol.ts";
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
  const { epoch, clock, log } = settings;
  mkdirSync(settings.home, { recursive: true, mode: 0o700 });
  const home = realpathSync(settings.home);
  const { link_key } = openKeys(home);
  const folder = openRunFolder(home);
  const own: Own = { started: null };
  try {
    const protocol = settings.unsandboxed === true ? UNSANDBOXED_PROTOCOL : PROTOCOL;
    const at = { address: folder.socket_address, link_key, epoch, protocol, clock, log };
    return endingWithProcess(await findOrStart({ ...settings, home }, at, own), clock);
  } catch (error) {
    // One that refuses is in another server's hands by now.
    if (own.started !== null && !(error instanceof ExecutorRefused)) {
      await endStarted(own.started, clock);
    }
    throw error;
  } finally {
    folder.close();
  }
}

/** What this launch has started itself; the last, if the first found another in its place. */
interface Own {
  started: Started | null;
}

async function findOrStart(settings: LaunchSettings, at: Dial, own: Own): Promise<OpenLink> {
  const { home, clock, log, signal } = settings;
  const tellWaiting = onceEach(settings.onWaiting ?? (() => {}));
  let deadline = clock.monotonic() + LAUNCH_MS;
  let why = () => `the executor did not come up: ${lastWords(home)}`;
  while (clock.monotonic() < deadline) {
    signal?.throwIfAborted();
    const found = await dial(at);
    switch (found.state) {
      case "open":
        if (own.started !== null || found.build === sourceDigest()) return found.link;
        if ((await retireIfIdle(found.link, clock, signal)) === "in_use") return found.link;
        break;
      case "leaving":
        if (own.started !== null && found.protocol !== at.protocol) throw changedOnDisk();
        why = () => `the executor (pid ${found.pid}) is going and does not end`;
        if (found.running > 0) {
          tellWaiting(`an older executor is finishing ${commands(found.running)}`);
          deadline = clock.monotonic() + LAUNCH_MS;
        }
        await clock.sleep(found.running > 0 ? LOOK_AGAIN_MS : REDIAL_MS, signal);
        break;
      case "silent":
        why = () => `${nameOf(home)} does not answer: ${found.why}`;
        tellWaiting(why());
        await clock.sleep(LOOK_AGAIN_MS, signal);
        break;
      case "absent":
        if (own.started?.exit_code != null && own.started.exit_code !== EXIT_LOCKED) deadline = 0;
        else if (own.started === null || own.started.exit_code !== null) {
          own.started = startExecutor(settings);
          log(`executor started with pid ${own.started.child.pid}`);
        }
        await clock.sleep(REDIAL_MS, signal);
    }
  }
  throw new ExecutorUnreachable(why());
}

/** Of another build. Once it is idle it is `gone` when this resolves. */
async function retireIfIdle(
  link: OpenLink,
  clock: Clock,
  signal: AbortSignal | undefined,
): Promise<"in_use" | "gone"> {
  const retired = link.retireWhenIdle().then(async (running) => {
    if (running > 0) return "in_use" as const;
    await link.closed;
    return "gone" as const;
  });
  const over = new AbortController();
  const limit = clock.sleep(LAUNCH_MS, AbortSignal.any([over.signal, ...(signal ? [signal] : [])]));
  try {
    return await Promise.race([retired, limit.then(() => Promise.reject(stays(link)))]);
  } catch (error) {
    if (error instanceof ExecutorGone) return "gone";
    await link.leave();
    throw error;
  } finally {
    over.abort();
  }
}

function stays({ pid }: OpenLink): ExecutorUnreachable {
  return new ExecutorUnreachable(`the executor (pid ${pid}) was told to go and stays`);
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
 * whether there was one, when its process is gone. Rejects with `ExecutorRefused` (`stale_epoch`),
 * and with `ExecutorUnreachable` for one that does not answer or does not end.
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
    const found = await dialToEnd(at);
    if (found.state === "silent") {
      throw new ExecutorUnreachable(`${nameOf(realpathSync(home))} does not answer: ${found.why}`);
    }
    if (found.state !== "leaving") return false;
    await untilEnded(executorProcess(found.pid), clock);
    return true;
  } finally {
    folder.close();
  }
}

/** `close` of the link ends with the process, which drops its lock and its mounts. */
function endingWithProcess(link: OpenLink, clock: Clock): ExecutorLink {
  const executor = executorProcess(link.pid);
  return {
    ...link,
    async close() {
      try {
        await Promise.all([link.close(), untilEnded(executor, clock)]);
      } finally {
        await link.leave();
      }
    },
  };
}
