/** Starts the executor's process: detached, its words in a file, a clean environment. */
import { spawn, type ChildProcess } from "node:child_process";
import { closeSync, existsSync, openSync, readFileSync, renameSync, statSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { findBubblewrap } from "./bubblewrap.ts";

const MAIN = fileURLToPath(new URL("main.ts", import.meta.url));
const LOG_LIMIT_BYTES = 1 << 20;
const LOG_TAIL_BYTES = 2_000;

export interface StartSettings {
  home: string;
  node_path: string;
  ripgrep_path: string | null;
  bubblewrap_path?: string;
  /** Where toolchains are looked for; that of the user whose process this is. */
  user_home?: string;
  /** How long it stays without a server and without a command. */
  idle_ms?: number;
  /** Of all output on disk. */
  spool_limit_bytes?: number;
  /** Commands run as the server's own user, kept by nothing. Never as root. */
  unsandboxed?: boolean;
}

export interface Started {
  child: ChildProcess;
  exit_code: number | null;
}

export function startExecutor(settings: StartSettings): Started {
  const { home, node_path, ripgrep_path, idle_ms, spool_limit_bytes } = settings;
  const log = openLog(home);
  const option = (name: string, value: string | number | null | undefined) =>
    value == null ? [] : [name, String(value)];
  const args = [
    ...["--disable-warning=ExperimentalWarning", "--max-semi-space-size=1", MAIN],
    ...option("--home", home),
    ...option("--bubblewrap", settings.bubblewrap_path ?? findBubblewrap()),
    ...option("--ripgrep", ripgrep_path),
    ...option("--user-home", settings.user_home ?? homedir()),
    ...option("--time-zone", Intl.DateTimeFormat().resolvedOptions().timeZone),
    ...option("--idle-ms", idle_ms),
    ...option("--spool-limit-bytes", spool_limit_bytes),
    ...(settings.unsandboxed === true ? ["--unsandboxed"] : []),
  ];
  const child = spawn(node_path, args, {
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

/** What it said last, for whoever must hear why it did not come up. */
export function lastWords(home: string): string {
  const file = logFile(home);
  const text = existsSync(file) ? readFileSync(file, "utf8") : "";
  return text.slice(-LOG_TAIL_BYTES).trim() || "it left no word in its log";
}
