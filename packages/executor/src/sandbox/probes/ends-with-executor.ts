import type { Clock } from "@mainstay/sdk/clock";
import { untilGone, type ProcessTable } from "../../process-table.ts";
import { type Launch, spawnSandbox } from "../../spawned-sandbox.ts";
import { GO } from "../gate.ts";

const DYING_LIMIT_MS = 2_000;

/** What holds it so: bubblewrap's wish to die with its parent. */
export const ENDS_WITH_EXECUTOR = {
  name: "ends with its executor",
  area: "bounds",
  wall: "bond to the executor",
} as const;

/**
 * Kills bubblewrap as the kernel does when its executor dies, and says whether the command's first
 * process went with it. What stays is killed.
 */
export async function outlivesItsParent(
  launch: Launch,
  parts: { processes: ProcessTable; clock: Clock },
): Promise<string> {
  const command = spawnSandbox(launch);
  if ("failed" in command) return command.failed;
  const info = await command.info;
  const init = parts.processes.identify(Number(/"child-pid"\s*:\s*(\d+)/.exec(info)?.[1] ?? 0));
  await command.ready;
  command.gate.write(GO);
  command.child.kill("SIGKILL");
  await command.exit;
  if (init === null) return `it did not begin: ${command.complaint()}`;
  const isAlive = () => parts.processes.isAlive(init);
  const gone = await untilGone(isAlive, parts.clock, DYING_LIMIT_MS);
  parts.processes.kill(init);
  return gone ? "" : "its first process ran on";
}
