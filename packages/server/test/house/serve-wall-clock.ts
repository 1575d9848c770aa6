/** The planted fault: a server that measures durations and deadlines by the wall clock. */
import { systemClock } from "@mainstay/sdk/clock";
import { startServer } from "../../src/assemble.ts";
import { readConfig } from "../../src/config.ts";

await startServer(readConfig(), { clock: { ...systemClock, monotonic: systemClock.now } });
