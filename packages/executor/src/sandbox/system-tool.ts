import { spawn } from "node:child_process";

/** Runs a tool of the system to its end; rejects with what it said. */
export function runTool(name: string, args: string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(name, args, {
      cwd: "/",
      env: { PATH: "/usr/sbin:/usr/bin:/sbin:/bin" },
      stdio: ["ignore", "ignore", "pipe"],
    });
    let said = "";
    child.stderr?.setEncoding("utf8").on("data", (text) => (said = (said + text).slice(0, 4096)));
    child.once("error", (error) => reject(new Error(`${name}: ${error.message}`)));
    child.once("close", (code) => {
      if (code === 0) resolve();
      else reject(new Error(`${name}: ${said.trim() || `exit ${code}`}`));
    });
  });
}
