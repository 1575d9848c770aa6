/** The face of the sandbox: what to launch for a plan, what its gate must show, what holds here. */
import { writeFileSync } from "node:fs";
import { arch } from "node:os";
import { join } from "node:path";
import type { Clock } from "@mainstay/sdk/clock";
import type { Writable } from "../bounds/bounds.ts";
import { openNetwork, type Used } from "../network/network.ts";
import type { ProcessTable } from "../process-table.ts";
import type { SandboxReport } from "../protocol.ts";
import type { Launch } from "../spawned-sandbox.ts";
import type { AtGate } from "../supervise.ts";
import type { Plan } from "../ticket.ts";
import type { Workspace } from "../workspaces.ts";
import { openCaches } from "./caches.ts";
import { keepToolchains } from "./current-toolchains.ts";
import { stockFifos } from "./fifos.ts";
import { gateNames } from "./gate.ts";
import { readHostLayout } from "./host-layout.ts";
import { preparation } from "./preparation.ts";
import { compileFilter, encodeFilter } from "./seccomp.ts";
import { type Architecture, RULES } from "./seccomp-rules.ts";
import { SELF_TEST } from "./probes/bait.ts";
import { selfTest } from "./selftest.ts";
import { openRootStage, openUserStage, type Stage } from "./stage.ts";

export interface SandboxSettings {
  home: string;
  bubblewrap_path: string;
  ripgrep_path: string | null;
  /** Of the user whose server this is. */
  user_home: string;
  time_zone: string;
  node_path: string;
  is_root: boolean;
  /** The user whose process this is; /etc/passwd need not know it. */
  owner: { uid: number; gid: number };
}

export interface Sandbox {
  /** Rejects with the reason where nothing can be staged; the next call tries again. */
  stage(): Promise<Stage>;
  /** Tested once; a failure is tested again by the next call. */
  report(): Promise<SandboxReport>;
  /** All probes, anew. */
  probe(): Promise<SandboxReport>;
  /** Rejects with `PinChanged` where a pinned file is not what was agreed to, else with the reason. */
  prepare(plan: Plan, workspace: Workspace, openings: Workspace[]): Promise<Prepared>;
  /** The end: resolves when its test has ended and what was made ahead is gone. */
  settled(): Promise<void>;
}

export type Confined = Pick<
  Plan,
  "command_id" | "run" | "stdin" | "profile" | "pins" | "network" | "openings" | "limits"
>;

export interface Prepared {
  launch: Launch;
  /** What keeps it. */
  sandbox: "bubblewrap" | "none";
  /** By the identity of its init all of it is meant, and killed. */
  processes: ProcessTable;
  writes_to: Writable;
  /** Throws if the sandbox that stands is not the one that was composed. */
  inspect(gate: AtGate): void;
  /** Ends its network and says what it was used for. Idempotent; never rejects. */
  network(): Promise<Used>;
  /**
   * Call once, when the command has ended or will not begin. Says what of the command's work was
   * undone or must be looked at.
   */
  finish(): string[];
}

export interface SandboxParts {
  processes: ProcessTable;
  clock: Clock;
  log(text: string): void;
}

export function createSandbox(
  settings: SandboxSettings,
  { processes, clock, log }: SandboxParts,
): Sandbox {
  const { home, bubblewrap_path } = settings;
  const run_folder = join(home, "run");
  const filter_path = join(home, "exec", "seccomp.bpf");
  const host = readHostLayout(settings);
  const toolchains = keepToolchains({ ...settings, ...settings.owner, opt: "/opt" });
  const caches = openCaches({ home, clock, log });
  const fifos = stockFifos(join(home, "exec", "fifos"));
  const network = openNetwork({ ...settings, run_folder, clock });
  const prepare = preparation({
    ...{ bubblewrap_path, filter_path, processes, host, stage, caches, fifos, network },
    gateName: gateNames(home),
  });
  let staged: Promise<Stage> | null = null;
  let tested: Promise<SandboxReport> | null = null;
  let last_test: Promise<SandboxReport | void> = Promise.resolve();

  function stage(): Promise<Stage> {
    staged ??= openStage().catch((error: unknown) => {
      staged = null;
      throw error;
    });
    return staged;
  }

  async function openStage(): Promise<Stage> {
    writeFileSync(filter_path, encodeFilter(compileFilter(RULES, architecture())));
    const open = settings.is_root ? openRootStage : openUserStage;
    return open({ ...settings, run_folder, host, toolchains, caches, network });
  }

  function report(): Promise<SandboxReport> {
    tested ??= test({ deep: false }).then((found) => {
      if (!found.available) tested = null;
      return found;
    });
    return tested;
  }
  async function settled(): Promise<void> {
    await last_test;
    network.close();
    await Promise.all([fifos.close(), caches.close()]);
  }

  /** One after another: what the probes look for lies in one place. */
  function test(how: { deep: boolean }): Promise<SandboxReport> {
    const parts = { home, run_folder, architecture, stage, prepare, processes, clock };
    const report = last_test
      .then(() => selfTest(parts, how))
      .finally(() => caches.removeEmpty(SELF_TEST));
    last_test = report;
    return report;
  }

  return { stage, report, probe: () => test({ deep: true }), prepare, settled };
}

function architecture(): Architecture {
  const name = arch();
  if (name === "x64" || name === "arm64") return name;
  throw new Error(`there is no seccomp filter for ${name}`);
}
