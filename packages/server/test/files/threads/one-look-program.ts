/** Looks at a file and has nothing else to do; it closes nothing. */
import { systemClock } from "@mainstay/sdk/clock";
import { workspaceFiles } from "../../../src/files/files.ts";
import { createLog } from "../../../src/telemetry/log.ts";

const [path = "", ino = ""] = process.argv.slice(2);
const uid = process.getuid?.() ?? 0;
const files = workspaceFiles({
  ...{ clock: systemClock, uid, log: createLog("error") },
  backups: { folder: `${path}/backups`, budget: { bytes: 1, days: 1 } },
});
console.log(await files.digest({ path, ino, owner_uid: uid }, "a"));
