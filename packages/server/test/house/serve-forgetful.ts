/** The planted fault: a server that takes every unfinished effect for one that never began (no J3). */
import { startServer } from "../../src/assemble.ts";
import { readConfig } from "../../src/config.ts";

await startServer(readConfig(), {
  tools: (tools) =>
    tools.map((tool) => ({ ...tool, recover: () => Promise.resolve({ kind: "never_started" }) })),
});
