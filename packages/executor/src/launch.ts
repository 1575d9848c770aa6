/** Finds the executor of a home, or starts it, and returns the link to it. */
import { spawn, type ChildProcess } from "node:child_process";
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  realpathSync,
  renameSync,
  statSync,
} from "node:fs";
import { userInfo } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Clock } from "@mainstay/sdk/clock";
import { findBubblewrap } from "./bubblewrap.ts";
import { ExecutorUnreachable } from "./errors.ts";
import { openKeys } from "./keys.ts";
import { dial, type ExecutorLink } from "./link.ts";
import { EXIT_LOCKED } from "./protocol.ts";
import { openRunFolder } from "./run-folder.ts";

export type { ExecutorLink } from "./link.ts";

const MAIN = fileURLToPath(new URL("main.ts", import.meta.url));
const LAUNCH_MS = 30_000;
const REDIAL_MS = 10;
const LOG_LIMIT_BYTES = 1 << 20;
const LOG_TAIL_BYTES = 2_000;

/**
 * A mount namespace of its own, into which the host's later mounts still come. Where the system
 * forbids that, the executor starts without, refuses commands and says why.
 */
const IN_OWN_MOUNTS = `
unshare --mount --propagation slave true && exec unshare --mount --propagation slave "$@"
exec "$@"`;

export interface LaunchSettings {
  /** Mainstay's data folder; made if absent. */
  home: string;
  /** The server's incarnation: a higher one takes the executor over from a lower one. */
  epoch: number;
  node_path: string;
  ripgrep_path: string | null;
  bubblewrap_path?: string;
  clock: Clock;
  log(text: string): void;
}

/**
 * Rejects with `ExecutorUnreachable` when none can be started, and with `ExecutorRefused`
 * (`stale_epoch`, `protocol`, `impostor`) when there is one that must not be used.
 */
export async function launchExecutor(settings: LaunchSettings): Promise<ExecutorLink> {
  const { clock, epoch, log } = settings;
  mkdirSync(settings.home, { recursive: true, mode: 0o700 });
  const home = realpathSync(settings.home);
  const { link_key } = openKeys(home);
  const folder = openRunFolder(home);
  const deadline = clock.monotonic() + LAUNCH_MS;
  let started: Started | null = null;
  try {
    while (clock.monotonic() < deadline) {
      const link = await dial({ address: folder.socket_address, link_key, epoch, clock });
      if (link !== null) return untilExited(link, clock);
      if (started?.exit_code != null && started.exit_code !== EXIT_LOCKED) break;
      if (started === null || started.exit_code !== null) {
        started = start({ ...settings, home });
        log(`executor started with pid ${started.child.pid}`);
      }
      await clock.sleep(REDIAL_MS);
    }
    throw new ExecutorUnreachable(`the executor did not come up: ${tailOf(logFile(home))}`);
  } finally {
    folder.close();
  }
}

interface Started {
  child: ChildProcess;
  exit_code: number | null;
}

function start(settings: LaunchSettings): Started {
  const { home, node_path } = settings;
  const is_root = userInfo().uid === 0;
  const log = openLog(home);
  const command = [
    ...[node_path, "--disable-warning=ExperimentalWarning", "--max-semi-space-size=1", MAIN],
    ...["--home", home, "--bubblewrap", settings.bubblewrap_path ?? findBubblewrap()],
    ...(settings.ripgrep_path === null ? [] : ["--ripgrep", settings.ripgrep_path]),
  ];
  const [program = "", ...args] = is_root
    ? ["/bin/sh", "-c", IN_OWN_MOUNTS, "sh", ...command]
    : command;
  const child = spawn(program, args, {
    detached: true,
    cwd: "/",
    // Compiled code is kept between starts: 60 ms and 15 MB less.
    env: {
      PATH: "/usr/sbin:/usr/bin:/sbin:/bin",
      NODE_COMPILE_CACHE: join(home, "exec", "compile-cache"),
    },
    stdio: ["ignore", log, log],
  });
  closeSync(log);
  child.unref();
  const started: Started = { child, exit_code: null };
  child.once("error", () => (started.exit_code = -1));
  child.once("exit", (code) => (started.exit_code = code ?? -1));
  return started;
}

const logFile = (home: string) => join(home, "run", "executor.log");

function openLog(home: string): number {
  const file = logFile(home);
  const size = statSync(file, { throwIfNoEntry: false })?.size ?? 0;
  if (size > LOG_LIMIT_BYTES) renameSync(file, `${file}.old`);
  return openSync(file, "a", 0o600);
}

function tailOf(file: string): string {
  const text = existsSync(file) ? readFileSync(file, "utf8") : "";
  return text.slice(-LOG_TAIL_BYTES).trim() || "it left no word in its log";
}

/** `close` of the link ends with the process, which drops its lock and its mounts. */
function untilExited(link: ExecutorLink, clock: Clock): ExecutorLink {
  return {
    ...link,
    async close() {
      await link.close();
      while (existsSync(`/proc/${link.pid}`) && !isZombie(link.pid)) await clock.sleep(2);
    },
  };
}

function isZombie(pid: number): boolean {
  try {
    return /^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return true;
  }
}
