/** The face of the sandbox: what to launch for a plan, what its gate must show, what holds here. */
import { join } from "node:path";
import type { Clock } from "@mainstay/sdk/clock";
import type { ProcessTable } from "../process-table.ts";
import type { SandboxReport } from "../protocol.ts";
import type { Launch } from "../spawned-sandbox.ts";
import type { AtGate } from "../supervise.ts";
import type { Plan } from "../ticket.ts";
import { findPins, type Workspace } from "../workspaces.ts";
import { compose, readHostLayout, sightings } from "./compose.ts";
import { readyLine } from "./gate.ts";
import { selfTest } from "./selftest.ts";
import { openRootStage, openUserStage, type Stage } from "./stage.ts";

export interface SandboxSettings {
  home: string;
  bubblewrap_path: string;
  ripgrep_path: string | null;
  /** Of the executor itself; `parent_pid` tells whether its mount namespace is its own. */
  self: { is_root: boolean; parent_pid: number };
}

export interface Sandbox {
  /** Rejects with the reason where nothing can be staged; the next call tries again. */
  stage(): Promise<Stage>;
  /** Tested once; a failure is tested again by the next call. */
  report(): Promise<SandboxReport>;
  prepare(plan: Plan, workspace: Workspace): Promise<Prepared>;
}

export type Confined = Pick<Plan, "command_id" | "run" | "stdin" | "profile" | "limits">;

export interface Prepared {
  launch: Launch;
  /** Throws if the sandbox that stands is not the one that was composed. */
  inspect(gate: AtGate): void;
}

export function createSandbox(
  settings: SandboxSettings,
  { processes, clock }: { processes: ProcessTable; clock: Clock },
): Sandbox {
  const { home, ripgrep_path, self } = settings;
  const run_folder = join(home, "run");
  const host = readHostLayout();
  let staged: Promise<Stage> | null = null;
  let tested: Promise<SandboxReport> | null = null;

  function stage(): Promise<Stage> {
    staged ??= openStage().catch((error: unknown) => {
      staged = null;
      throw error;
    });
    return staged;
  }

  async function openStage(): Promise<Stage> {
    if (self.is_root) return openRootStage(self.parent_pid, ripgrep_path);
    return openUserStage(run_folder, ripgrep_path);
  }

  async function prepare(plan: Confined, workspace: Workspace): Promise<Prepared> {
    const on = await stage();
    const composition = {
      ...plan,
      workspace: { ...workspace, pins: findPins(workspace) },
      etc_folder: on.etc(),
      ripgrep_folder: on.ripgrep_folder,
      host,
    };
    const expected = readyLine(sightings(composition));
    return {
      launch: {
        program: settings.bubblewrap_path,
        argv: compose(composition),
        ids: on.idsOf(workspace.person_uid_number),
        stdin: plan.stdin ?? null,
        ...plan.limits,
      },
      inspect: (gate) => inspect(gate, expected, on.level),
    };
  }

  function report(): Promise<SandboxReport> {
    tested ??= selfTest({ run_folder, stage, prepare, processes, clock }).then((found) => {
      if (!found.available) tested = null;
      return found;
    });
    return tested;
  }
  return { stage, report, prepare };
}

function inspect({ ready, status }: AtGate, expected: string, level: Stage["level"]): void {
  if (ready !== expected) {
    throw new Error("a folder was swapped while it was being bound into the sandbox");
  }
  const field = (name: string) => new RegExp(`^${name}:[ \\t]*(.*)$`, "m").exec(status)?.[1] ?? "?";
  const ids = `${field("Uid")} ${field("Gid")}`.split(/\s+/);
  if (ids.some((id) => !/^[1-9]\d*$/.test(id))) {
    throw new Error(`the sandbox's processes have host ids ${ids.join(" ")}; none may be 0`);
  }
  if (level === "per_person" && field("Groups").trim() !== "") {
    throw new Error(`the sandbox kept supplementary groups: ${field("Groups")}`);
  }
}
