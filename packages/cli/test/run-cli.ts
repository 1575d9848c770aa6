import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

const main = fileURLToPath(new URL("../src/main.ts", import.meta.url));

export interface RunOptions {
  env: Record<string, string>;
  cwd: string;
  /** In a terminal of its own; its two outputs are then one, in `stdout`. */
  terminal?: boolean;
}

export interface CliRun {
  pid: number;
  stdout(): string;
  stderr(): string;
  /** Resolves when the text is on the screen after the place where the last `sees` ended. */
  sees(text: string | RegExp): Promise<void>;
  types(text: string): void;
  /** Ends the input. */
  closesInput(): void;
  signals(signal: NodeJS.Signals): void;
  exits(): Promise<number | null>;
  kill(): void;
}

/** The CLI as a real process on the Node that runs the tests. */
export function runCli(args: string[], { env, cwd, terminal = false }: RunOptions): CliRun {
  const command = [process.execPath, main, ...args];
  const environment = {
    ...{ PATH: process.env["PATH"] ?? "", TERM: "xterm", MAINSTAY_DISCOVER_LOCAL: "false" },
    ...env,
  };
  const child = terminal
    ? spawn("script", ["-qefc", command.map(quoted).join(" "), "/dev/null"], {
        cwd,
        env: { ...environment, SHELL: "/bin/sh" },
      })
    : spawn(command[0] ?? "", command.slice(1), { cwd, env: environment });
  return watched(child);
}

function watched(child: ChildProcessWithoutNullStreams): CliRun {
  const output = { stdout: "", stderr: "" };
  let transcript = "";
  let seen = 0;
  let looking = () => {};
  for (const name of ["stdout", "stderr"] as const) {
    child[name].setEncoding("utf8").on("data", (text: string) => {
      output[name] += text;
      transcript += text;
      looking();
    });
  }
  // Whoever types to one that has gone finds out by what does not happen.
  child.stdin.on("error", () => undefined);
  const ended = new Promise<number | null>((resolve) => child.on("close", resolve));
  return {
    pid: child.pid ?? 0,
    stdout: () => output.stdout,
    stderr: () => output.stderr,
    sees: (text) =>
      new Promise((resolve, reject) => {
        looking = () => {
          const found = placeOf(text, transcript.slice(seen));
          if (!found) return;
          seen += found.end;
          looking = () => {};
          resolve();
        };
        void ended.then(() =>
          reject(new Error(`ended without ${String(text)}: ${JSON.stringify(output)}`)),
        );
        looking();
      }),
    types: (text) => void child.stdin.write(text),
    closesInput: () => void child.stdin.end(),
    signals: (signal) => void child.kill(signal),
    exits: () => ended,
    kill: () => void child.kill("SIGKILL"),
  };
}

const quoted = (word: string) => `'${word.replaceAll("'", `'\\''`)}'`;

/** Where it ends in what was not seen yet. */
function placeOf(text: string | RegExp, unseen: string): { end: number } | undefined {
  if (typeof text === "string") {
    const at = unseen.indexOf(text);
    return at === -1 ? undefined : { end: at + text.length };
  }
  const found = text.exec(unseen);
  return found ? { end: found.index + found[0].length } : undefined;
}
