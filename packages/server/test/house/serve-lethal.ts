/** A server that dies of one tool: when it works, and when it is asked what became of it. */
import { startServer } from "../../src/assemble.ts";
import { readConfig } from "../../src/config.ts";

function die(): never {
  process.kill(process.pid, "SIGKILL");
  throw new Error("unreachable: the process is dead");
}

await startServer(readConfig(), {
  tools: (tools) =>
    tools.map((tool) =>
      tool.name === "list_files"
        ? {
            ...tool,
            prepare: () =>
              Promise.resolve({ kind: "ready", effect: { kind: "none" }, execute: die }),
            recover: die,
          }
        : tool,
    ),
});
