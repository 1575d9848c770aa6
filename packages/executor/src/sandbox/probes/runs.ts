/** Runs probes and trials in the real sandbox; what they could see and do becomes checks. */
import type { Clock } from "@mainstay/sdk/clock";
import { keepOutput } from "../../output.ts";
import type { ProcessTable } from "../../process-table.ts";
import type { SandboxCheck } from "../../protocol.ts";
import { supervise, type Outcome } from "../../supervise.ts";
import type { Workspace } from "../../workspaces.ts";
import type { Confined, Prepared } from "../sandbox.ts";
import type { Bait } from "./bait.ts";
import { ENDS_WITH_EXECUTOR, outlivesItsParent } from "./ends-with-executor.ts";
import { batch, checkOf, notRun, type Probe, readFindings } from "./probe.ts";
import { type Trial, TRIALS } from "./trials.ts";

const OUTPUT_BYTES = 1 << 16;
const PATIENT = { wall_ms: 20_000, print_limit_bytes: 1 << 20 };

export interface RunParts {
  prepare(plan: Confined, workspace: Workspace): Promise<Prepared>;
  processes: ProcessTable;
  clock: Clock;
}

/** Throws why the sandbox could not be started. */
export async function runProbes(
  parts: RunParts,
  bait: Bait,
  probes: readonly Probe[],
): Promise<SandboxCheck[]> {
  const outcome = await run(parts, bait, batch(probes, bait.values), PATIENT);
  const { found, has_perl } = readFindings(probes, outcome.output);
  const checks = probes.map((probe, at) => {
    if ("perl" in probe && !has_perl) return notRun(probe);
    const left = probe.trace !== undefined && bait.has(probe.trace) ? probe.trace : "";
    const said = found[at] ?? null;
    return checkOf(probe, said === null ? null : said + left);
  });
  return [ended(outcome), worked(bait), ...checks];
}

function ended({ exit_code, gone }: Ran): SandboxCheck {
  const found = `exit ${exit_code}; processes left: ${gone ? "none" : "some"}`;
  return { ...checkOf(RUNS, exit_code === 0 && gone ? "" : found), detail: found };
}

/** What every sandbox must be able to do. */
export const RUNS = { name: "runs a command and ends all of it", area: "real work" } as const;

function worked(bait: Bait): SandboxCheck {
  const name = "writes in the workspace";
  const made = bait.has("workspace/made-by-probes");
  return checkOf({ name, area: "real work" }, made ? "" : "a file that it made is not there");
}

/** One after another, as each takes the machine for a moment. */
export async function runTrials(parts: RunParts, bait: Bait): Promise<SandboxCheck[]> {
  const checks: SandboxCheck[] = [];
  for (const trial of TRIALS) checks.push(await runTrial(parts, bait, trial));
  return [...checks, await runEnding(parts, bait)];
}

export async function runTrial(parts: RunParts, bait: Bait, trial: Trial): Promise<SandboxCheck> {
  const marker = bait.values.abstract;
  const argv = ["/bin/sh", "-c", trial.script(marker)];
  const outcome = await run(parts, bait, argv, trial);
  const left = parts.processes.findByArgument((argument) => argument === marker).length;
  return checkOf(trial, trial.judge({ ...outcome, left }));
}

export async function runEnding(parts: RunParts, bait: Bait): Promise<SandboxCheck> {
  const { launch, finish } = await prepare(parts, bait, ["sleep", "5"], PATIENT);
  return checkOf(ENDS_WITH_EXECUTOR, await outlivesItsParent(launch, parts).finally(finish));
}

interface RunLimits {
  wall_ms: number;
  print_limit_bytes: number;
}

type Ran = Extract<Outcome, { result: "ran" }>;

async function run(parts: RunParts, bait: Bait, argv: string[], limits: RunLimits): Promise<Ran> {
  const { launch, inspect, finish } = await prepare(parts, bait, argv, limits);
  const { end } = supervise(launch, {
    ...parts,
    beforeGo: async (gate) => inspect(gate),
    output: keepOutput(OUTPUT_BYTES),
    print_limit_bytes: limits.print_limit_bytes,
  });
  const outcome = await end.finally(finish);
  if (outcome.result === "not_started") throw new Error(outcome.why);
  return outcome;
}

const prepare = (parts: RunParts, bait: Bait, argv: string[], { wall_ms }: RunLimits) =>
  parts.prepare(
    {
      ...{ command_id: "self-test", run: { kind: "argv", argv }, stdin: null, profile: "agent" },
      ...{ pins: bait.pins, network: null, openings: [] },
      limits: { wall_ms, output_bytes: OUTPUT_BYTES },
    },
    bait.workspace,
  );
