/**
 * A server that dies of two tools: of one when it works, and when it is asked what became of it; of
 * the other when it works, and when it is followed as if it ran on.
 */
import { startServer } from "../../src/assemble.ts";
import { readConfig } from "../../src/config.ts";

function die(): never {
  process.kill(process.pid, "SIGKILL");
  throw new Error("unreachable: the process is dead");
}

const ready = { kind: "ready", effect: { kind: "none" }, execute: die } as const;
const lethal = { prepare: () => Promise.resolve(ready), recover: die };
const ended = () => Promise.resolve().then(die);
const running = { kind: "running", ended, letGo: () => undefined } as const;
const lethalToFollow = { ...lethal, recover: () => Promise.resolve(running) };

await startServer(readConfig(), {
  limits: { adoptions_without_progress: 2 },
  tools: (tools) =>
    tools.map((tool) => {
      if (tool.name === "list_files") return { ...tool, ...lethal };
      return tool.name === "read_file" ? { ...tool, ...lethalToFollow } : tool;
    }),
});
