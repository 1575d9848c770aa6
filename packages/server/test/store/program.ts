import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";

/** A Node program in a process of its own, which is told lines and says lines. */
export interface Program {
  readonly pid: number;
  /** Says `line` to the program and resolves with its next line. */
  ask(line: string): Promise<string>;
  kill(): Promise<void>;
}

export async function run(args: readonly string[]): Promise<Program> {
  const child = spawn(process.execPath, args, { stdio: ["pipe", "pipe", "inherit"] });
  const exited = once(child, "exit");
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async () => String((await lines.next()).value);
  await next();
  return {
    pid: child.pid!,
    ask(line) {
      child.stdin.write(`${line}\n`);
      return next();
    },
    async kill() {
      child.kill("SIGKILL");
      await exited;
    },
  };
}

/** From now on no file of the process grows past this: its disk is full. */
export function limitFiles(pid: number, limit: number | "unlimited"): void {
  execFileSync("prlimit", ["--pid", String(pid), `--fsize=${limit}:unlimited`]);
}
