import { spawn } from "node:child_process";

const SAID_LIMIT_CHARS = 4_096;

/** Runs a tool of the system to its end or the signal's; resolves with what it printed, rejects with its complaint. */
export function runTool(name: string, args: string[], signal?: AbortSignal): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(name, args, {
      cwd: "/",
      env: { PATH: "/usr/sbin:/usr/bin:/sbin:/bin" },
      stdio: ["ignore", "pipe", "pipe"],
      ...(signal && { signal }),
    });
    const said = { stdout: "", stderr: "" };
    for (const from of ["stdout", "stderr"] as const) {
      child[from]?.setEncoding("utf8").on("data", (text: string) => {
        said[from] = (said[from] + text).slice(0, SAID_LIMIT_CHARS);
      });
    }
    child.once("error", (error) => reject(new Error(`${name}: ${error.message}`)));
    child.once("close", (code) => {
      if (code === 0) resolve(said.stdout);
      else reject(new Error(`${name}: ${said.stderr.trim() || `exit ${code}`}`));
    });
  });
}
