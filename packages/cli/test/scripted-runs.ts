/** A folder, scripted agents and runs of the command line, all of them gone after each test. */
import { mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach } from "vitest";
import type { Handler } from "../../sdk/test/scripted-server.ts";
import { type CliRun, runCli } from "./run-cli.ts";
import { type ScriptedAgent, startScriptedAgent } from "./scripted-agent.ts";

/** Where commands are run: a new one for each test. */
export let folder = "";
export const runs: CliRun[] = [];
const agents: ScriptedAgent[] = [];

export function useScriptedRuns(): void {
  beforeEach(() => {
    folder = realpathSync(mkdtempSync(join(tmpdir(), "mainstay-cli-")));
  });
  afterEach(async () => {
    runs.splice(0).forEach((run) => run.kill());
    await Promise.all(agents.splice(0).map((agent) => agent.close()));
    rmSync(folder, { recursive: true, force: true });
  });
}

export async function start(
  play: (agent: ScriptedAgent) => void,
  routes: Record<string, Handler> = {},
): Promise<ScriptedAgent> {
  const agent = await startScriptedAgent(play, { routes });
  agents.push(agent);
  return agent;
}

export const envOf = ({ server }: ScriptedAgent) => ({
  MAINSTAY_URL: server.url,
  MAINSTAY_KEY: "mst_test",
});

/** Away from a terminal its input ends at once. */
export function cli(
  args: string[],
  agent: ScriptedAgent,
  options: { terminal?: boolean } = {},
): CliRun {
  const run = runCli(args, { env: envOf(agent), cwd: folder, ...options });
  if (!options.terminal) run.closesInput();
  runs.push(run);
  return run;
}
