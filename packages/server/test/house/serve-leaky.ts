/** The planted fault: a server that keeps a descriptor and some memory of every folder it lists. */
import { openSync } from "node:fs";
import { startServer } from "../../src/assemble.ts";
import { readConfig } from "../../src/config.ts";

const LEAK_BYTES = 200_000;
const kept: unknown[] = [];

await startServer(readConfig(), {
  tools: (tools) =>
    tools.map((tool) => ({
      ...tool,
      prepare(input, scene) {
        kept.push(openSync("/dev/null", "r"), Buffer.alloc(LEAK_BYTES, kept.length));
        return tool.prepare(input, scene);
      },
    })),
});
