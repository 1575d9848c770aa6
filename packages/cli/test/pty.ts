import { spawn } from "node:child_process";
import { once } from "node:events";

/** A terminal of its own (util-linux's `script`) in which a command line runs. */
export interface Pty {
  /** Resolves when the text is on the screen. */
  sees(text: string): Promise<void>;
  types(text: string): void;
  /** Closes the terminal under whatever runs in it, as a window is closed. */
  hangUp(): Promise<void>;
  /** Resolves when what ran in it has ended. */
  ends(): Promise<void>;
}

/** As a person has it: the shell leads the session, what it runs has a process group of its own. */
export const SHELL = "exec bash --norc --noprofile -i";
export const CTRL_C = "\u0003";

export function openPty(line: string, cwd: string, env: Readonly<Record<string, string>>): Pty {
  const child = spawn("script", ["-qefc", line, "/dev/null"], {
    cwd,
    env: { TERM: "xterm", SHELL: "/bin/sh", ...env },
    stdio: ["pipe", "pipe", "inherit"],
  });
  let screen = "";
  let looking = () => {};
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    screen += text;
    looking();
  });
  // Whoever types into a closed terminal finds out by what does not happen.
  child.stdin.on("error", () => undefined);
  const ended = once(child, "exit");
  return {
    sees: (text) =>
      new Promise((resolve, reject) => {
        looking = () => {
          if (screen.includes(text)) resolve();
        };
        void ended.then(() => reject(new Error(`it ended without ${text}: ${screen}`)));
        looking();
      }),
    types: (text) => void child.stdin.write(text),
    async hangUp() {
      child.kill("SIGKILL");
      await ended;
    },
    async ends() {
      await ended;
    },
  };
}
