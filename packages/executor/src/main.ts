/** The executor's process. Started by `launch.ts`; see there for its environment. */
import { flushCompileCache } from "node:module";
import { homedir, totalmem } from "node:os";
import { parseArgs } from "node:util";
import { systemClock } from "@mainstay/sdk/clock";
import { assemble } from "./assemble.ts";
import { closeInherited } from "./inherited.ts";
import { IDLE_MS } from "./life.ts";
import { openProcessTable } from "./process-table.ts";
import { EXIT_LOCKED, SPOOL_LIMIT_BYTES } from "./protocol.ts";

const { values } = parseArgs({
  options: {
    home: { type: "string" },
    bubblewrap: { type: "string" },
    ripgrep: { type: "string" },
    "user-home": { type: "string" },
    "time-zone": { type: "string" },
    "idle-ms": { type: "string", default: String(IDLE_MS) },
    unsandboxed: { type: "boolean", default: false },
    "spool-limit-bytes": { type: "string", default: String(SPOOL_LIMIT_BYTES) },
  },
});
if (values.home === undefined || values.bubblewrap === undefined) {
  throw new Error("--home and --bubblewrap are required");
}
if (values.unsandboxed && process.getuid?.() === 0) {
  throw new Error("as root no command runs without a sandbox");
}
closeInherited();
process.umask(0o077);
process.chdir("/");
// A terminal's signals are the server's business; it tells this process by the link.
process.on("SIGINT", () => {});
process.on("SIGHUP", () => {});

const log = (text: string) =>
  console.log(JSON.stringify({ time: systemClock.now(), pid: process.pid, text }));

try {
  const executor = await assemble(
    {
      home: values.home,
      bubblewrap_path: values.bubblewrap,
      ripgrep_path: values.ripgrep ?? null,
      user_home: values["user-home"] ?? homedir(),
      time_zone: values["time-zone"] ?? "UTC",
      node_path: process.execPath,
      is_root: process.getuid!() === 0,
      owner: { uid: process.getuid!(), gid: process.getgid!() },
      pid: process.pid,
      idle_ms: Number(values["idle-ms"]),
      spool_limit_bytes: Number(values["spool-limit-bytes"]),
      unsandboxed: values.unsandboxed,
    },
    {
      memory: {
        total_bytes: Math.min(totalmem(), process.constrainedMemory() || Infinity),
        available_bytes: () => process.availableMemory(),
      },
      processes: openProcessTable((pid) => process.kill(pid, "SIGKILL")),
      clock: systemClock,
      log,
    },
  );
  process.on("SIGTERM", () => void executor.stop("the executor got SIGTERM"));
  flushCompileCache();
  await executor.stopped;
  process.exit(0);
} catch (error) {
  log(`cannot start: ${(error as Error).stack}`);
  process.exit(/database is locked/.test((error as Error).message) ? EXIT_LOCKED : 1);
}
