import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Clock } from "@mainstay/sdk/clock";
import { startTimeIn } from "@mainstay/sdk/process-stat";
import { Command } from "commander";
import { z } from "zod";
import type { Config } from "../config.ts";
import { exit, type ExitCode } from "../exit.ts";
import { UsageFault } from "../faults.ts";
import type { Run } from "../program.ts";
import type { Screen } from "../terminal/screen.ts";

export interface StopParts {
  run: Run;
  config: Config;
  screen: Screen;
  clock: Clock;
  signal: (pid: number, name: NodeJS.Signals) => void;
}

/**
 * `run/server.json`, which the server writes at its start. With `starttime` a reused pid is not
 * taken for the server.
 */
const RunningServer = z.object({ pid: z.int().positive(), starttime: z.string() });
type RunningServer = z.infer<typeof RunningServer>;

/** No terminal sends it, and no shell has a background job ignore it, as SIGINT. */
const STOP_SIGNAL = "SIGUSR2";
const DEADLINE_MS = 30_000;
const POLL_MS = 50;
const LEFT = "No server runs; the commands that one had left running are ended.";

export function stopCommand(parts: StopParts): Command {
  return new Command("stop")
    .description(
      "stop this machine's server and the commands that run; open turns go on at its next start",
    )
    .option("--json", "print {pid, stopped} as JSON")
    .addHelpText("after", "\nExample:\n  $ mainstay stop")
    .action(({ json }: { json?: boolean }) => parts.run(() => stop(parts, json === true)));
}

async function stop(
  { config, screen, clock, signal }: StopParts,
  json: boolean,
): Promise<ExitCode> {
  if (config.server.kind === "remote")
    throw new UsageFault(
      "MAINSTAY_URL is set; `stop` is for this machine's server: unset it first",
    );
  const server = await runningServer(config.home);
  if (server) await stopServer(server, clock, signal);
  const ended = await endLeft(config.home, clock);
  const stopped = server !== undefined || ended;
  const said = server ? "Stopped." : stopped ? LEFT : `No server runs for ${config.home}.`;
  if (json) screen.json({ pid: server?.pid ?? null, stopped });
  else screen.print(said);
  return exit.ok;
}

async function stopServer(
  server: RunningServer,
  clock: Clock,
  signal: StopParts["signal"],
): Promise<void> {
  signal(server.pid, STOP_SIGNAL);
  const deadline = clock.monotonic() + DEADLINE_MS;
  while (await isAlive(server)) {
    if (clock.monotonic() > deadline)
      throw new Error(`process ${server.pid} is still there after ${DEADLINE_MS / 1000} s`);
    await clock.sleep(POLL_MS);
  }
}

/** A server that was killed, or ended to be restarted, left its commands running. */
async function endLeft(home: string, clock: Clock): Promise<boolean> {
  const { endExecutor } = await import("@mainstay/server/commands/end-executor");
  return await endExecutor(home, clock);
}

async function runningServer(home: string): Promise<RunningServer | undefined> {
  const text = await readFile(join(home, "run", "server.json"), "utf8").catch(unlessMissing);
  if (text === undefined) return undefined;
  const server = RunningServer.parse(JSON.parse(text));
  return (await isAlive(server)) ? server : undefined;
}

/** A reused pid has another start time; a zombie has ended and has none. */
async function isAlive({ pid, starttime }: RunningServer): Promise<boolean> {
  const stat = await readFile(`/proc/${pid}/stat`, "latin1").catch(unlessMissing);
  return stat !== undefined && startTimeIn(stat) === starttime;
}

function unlessMissing(fault: NodeJS.ErrnoException): undefined {
  // ESRCH: the process ended between the opening of its file and the reading.
  if (fault.code !== "ENOENT" && fault.code !== "ESRCH") throw fault;
}
