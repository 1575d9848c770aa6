/** An executor's process as its server sees it: which one it is, and that it ends in bounded time. */
import type { Clock } from "@mainstay/sdk/clock";
import { ExecutorUnreachable } from "./errors.ts";
import { readProcesses, untilGone } from "./process-table.ts";
import type { Started } from "./start.ts";

/** Longer than its commands may take to die, shorter than `mainstay stop` waits for the server. */
const END_MS = 25_000;

export interface ExecutorProcess {
  pid: number;
  isAlive(): boolean;
}

/** Call while a link to it is open, so that the pid is certainly its own. */
export function executorProcess(pid: number): ExecutorProcess {
  const processes = readProcesses();
  const identity = processes.identify(pid);
  return { pid, isAlive: () => identity !== null && processes.isAlive(identity) };
}

/** Rejects with `ExecutorUnreachable` for one that is still there after 25 s. */
export async function untilEnded({ pid, isAlive }: ExecutorProcess, clock: Clock): Promise<void> {
  if (await untilGone(isAlive, clock, END_MS)) return;
  const why = `was told to end and is still there after ${END_MS / 1_000} s`;
  const fix = `kill -9 ${pid} ends it and its commands`;
  throw new ExecutorUnreachable(`the executor (pid ${pid}) ${why}: ${fix}`);
}

/** For one that no server has taken: it runs nothing. */
export async function endStarted(started: Started, clock: Clock): Promise<void> {
  started.child.kill("SIGTERM");
  const ended = await untilGone(() => started.exit_code === null, clock, END_MS);
  if (!ended) started.child.kill("SIGKILL");
}

/** For people: the executor of a home, with its pid if its command line tells it. */
export function nameOf(home: string): string {
  const processes = readProcesses();
  const with_home = processes.findByArgument((argument) => argument === home).map(({ pid }) => pid);
  const executors = processes
    .findByArgument((argument) => argument === "--bubblewrap")
    .map(({ pid }) => pid);
  const pids = executors.filter((pid) => with_home.includes(pid));
  return pids.length === 0 ? "the executor" : `the executor (pid ${pids.join(", ")})`;
}
