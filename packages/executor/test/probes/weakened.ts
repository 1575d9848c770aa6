/**
 * Run by `probes.test.ts` as root and as an ordinary user. Takes one wall away after the other and
 * prints, as JSON, what its probes then say: {wall: {probe: ok}}; and the report with all walls.
 */
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock as clock } from "@mainstay/sdk/clock";
import { closeInherited } from "../../src/inherited.ts";
import { openProcessTable } from "../../src/process-table.ts";
import { type Bait, layBait } from "../../src/sandbox/probes/bait.ts";
import { ENDS_WITH_EXECUTOR } from "../../src/sandbox/probes/ends-with-executor.ts";
import { batch, readFindings, type Wall } from "../../src/sandbox/probes/probe.ts";
import { probesFor } from "../../src/sandbox/probes/probes.ts";
import { runEnding, runProbes, runTrial } from "../../src/sandbox/probes/runs.ts";
import { TRIALS } from "../../src/sandbox/probes/trials.ts";
import { createSandbox } from "../../src/sandbox/sandbox.ts";
import { OUTSIDE, WEAKENINGS } from "./weakenings.ts";

export interface Findings {
  report: {
    available: boolean;
    level: string;
    checks: { name: string; state: string }[];
  };
  /** Of each wall that was taken away: what its probes said, or why it could not be. */
  without: Record<string, Record<string, boolean> | string>;
}

closeInherited();
const base = mkdtempSync(join(tmpdir(), "mainstay-probes-"));
const home = join(base, "home");
const run_folder = join(home, "run");
for (const folder of [run_folder, join(home, "exec")]) mkdirSync(folder, { recursive: true });
writeFileSync(join(home, "owner.key"), "a key\n");
writeFileSync(join(home, "exec", "exec.db"), "a ledger\n");
const listener = createServer().listen(join(run_folder, "executor.sock"));

const PROBES = probesFor(process.arch === "arm64" ? "arm64" : "x64");
const processes = openProcessTable((pid) => process.kill(pid, "SIGKILL"));
const sandbox = createSandbox(
  {
    ...{ home, bubblewrap_path: "/usr/bin/bwrap", ripgrep_path: null },
    ...{ user_home: base, time_zone: "UTC", node_path: process.execPath },
    is_root: process.getuid!() === 0,
    owner: { uid: process.getuid!(), gid: process.getgid!() },
  },
  { processes, clock, log: () => {} },
);

/** A wall's probes alone, or all where none is named. */
async function findWithout(wall: Wall): Promise<Record<string, boolean>> {
  const weaken = WEAKENINGS.get(wall)!;
  await using bait = await layBait({ home, run_folder, stage: sandbox.stage });
  const parts = {
    ...{ processes, clock },
    prepare: async (...asked: Parameters<typeof sandbox.prepare>) => {
      const prepared = await sandbox.prepare(...asked);
      return { ...prepared, launch: weaken(prepared.launch, base), inspect: () => {} };
    },
  };
  const checks = await runProbes(parts as never, bait, probesOf(wall));
  for (const trial of TRIALS.filter((trial) => trial.wall === wall)) {
    checks.push(await runTrial(parts as never, bait, trial));
  }
  if (ENDS_WITH_EXECUTOR.wall === wall) checks.push(await runEnding(parts as never, bait));
  const named = checks.filter(({ area }) => area !== "real work");
  return Object.fromEntries(
    named.map(({ name, state, detail }) => [name, state !== "open" || isBroken(detail)]),
  );
}

/** With all looks at the table of mounts, which sees more than one wall. */
const probesOf = (wall: Wall) =>
  PROBES.filter(
    (probe) => probe.wall === wall || (wall === "closed devices" && probe.area === "mounts"),
  );

/** Everything that a sandbox's own root keeps away, looked for from the workspace without one. */
async function findOutside(): Promise<Record<string, boolean>> {
  await using bait = await layBait({ home, run_folder, stage: sandbox.stage });
  const probes = probesOf(OUTSIDE);
  const [shell, ...argv] = batch(probes, bait.values);
  const { stdout } = spawnSync(shell!, argv, { cwd: bait.workspace.path, encoding: "utf8" });
  const { found } = readFindings(probes, stdout);
  return Object.fromEntries(
    probes.map(({ name, trace }, at) => [
      name,
      (found[at] === "" || isBroken(found[at])) && !isLeft(bait, trace),
    ]),
  );
}

/** It stumbled over itself: nothing that was found. */
const isBroken = (detail: string | null | undefined) => detail?.startsWith("broke off") ?? true;

const isLeft = (bait: Bait, trace: string | undefined) => trace !== undefined && bait.has(trace);

const orSay = (finding: Promise<Record<string, boolean>>) =>
  finding.catch((error: unknown) => (error as Error).message);

try {
  const findings: Findings = { report: await sandbox.report(), without: {} };
  findings.without[OUTSIDE] = await orSay(findOutside());
  for (const wall of WEAKENINGS.keys()) findings.without[wall] = await orSay(findWithout(wall));
  console.log(JSON.stringify(findings));
} finally {
  await sandbox.settled();
  listener.close();
  rmSync(base, { recursive: true, force: true });
}
