import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import type { Clock } from "@mainstay/sdk/clock";

const root = join(import.meta.dirname, "..");
const ENDING_MS = 15_000;

/** Starts a program of this repository; what it says is kept for the case that it fails. */
export function startProgram(path: string, args: readonly string[], env: Record<string, string>) {
  const child = spawn(join(root, path), args, {
    cwd: root,
    env: { PATH: process.env["PATH"] ?? "", ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let said = "";
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding("utf8").on("data", (text: string) => (said += text));
  return { child, said: () => said };
}

export type Program = ReturnType<typeof startProgram>;

/** Asks it to end, and kills it when it does not. Idempotent. */
export async function endProgram({ child }: Program, clock: Clock): Promise<void> {
  if (hasEnded(child)) return;
  const ended = once(child, "exit");
  const disarm = clock.after(ENDING_MS, () => child.kill("SIGKILL"));
  child.kill("SIGINT"); // as Ctrl-C: a server takes its executor along
  await ended;
  disarm();
}

/** Looks every `every_ms` until there is something to see. @throws Error when the program ended. */
export async function seen<T>(
  program: Program,
  clock: Clock,
  every_ms: number,
  look: () => T | null | Promise<T | null>,
): Promise<T> {
  for (;;) {
    const found = await look();
    if (found !== null) return found;
    if (hasEnded(program.child)) throw new Error(`a process ended early: ${program.said()}`);
    await clock.sleep(every_ms);
  }
}

const hasEnded = ({ exitCode, signalCode }: ChildProcess): boolean =>
  exitCode !== null || signalCode !== null;
