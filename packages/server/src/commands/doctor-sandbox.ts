/**
 * What the sandbox's probes found on this host. They run in an executor of their own, so that they
 * never disturb a running server.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { launchExecutor } from "@mainstay/executor/launch";
import type { SandboxCheck, SandboxReport } from "@mainstay/executor/protocol";
import { ripgrepPath } from "@mainstay/executor/ripgrep";
import { findToolchains } from "@mainstay/executor/sandbox/toolchains";
import { systemClock } from "@mainstay/sdk/clock";
import { type Config, readConfig } from "../config.ts";
import { messageOf } from "../kernel/errors.ts";
import type { DoctorCheck } from "./doctor.ts";

export type ProbedSandbox = SandboxReport;

/** All probes, also those that take seconds. Rejects with what is wrong with the settings. */
export async function probeSandbox(): Promise<ProbedSandbox> {
  return askExecutor(readConfig(), { deep: true });
}

/** One row for each area, and one for each probe that found something or broke off. */
export async function sandboxChecks(config: Config): Promise<DoctorCheck[]> {
  const { checks } = await askExecutor(config, { deep: false });
  const areas = Map.groupBy(checks, ({ area }) => area);
  return [...[...areas].flatMap(([area, checks]) => rowsOf(area, checks)), toolchains(config)];
}

/** As the executor of this user finds them. */
function toolchains({ home, uid }: Config): DoctorCheck {
  const { shown } = findToolchains({ user_home: homedir(), uid, home, opt: "/opt" });
  const paths = shown.map(({ path }) => path);
  const seen = paths.length === 0 ? "none" : paths.join(", ");
  const detail = `commands see beside the system's own: ${seen}`;
  return { area: "sandbox", name: "toolchains", ok: true, detail, fix: null };
}

function rowsOf(area: string, checks: readonly SandboxCheck[]): DoctorCheck[] {
  const inState = (state: SandboxCheck["state"]) => checks.filter((check) => check.state === state);
  const [open, not_run] = [inState("open"), inState("not_run")];
  const held = `${inState("held").length} of ${checks.length} probes passed`;
  const detail = not_run.length === 0 ? held : `${held}, ${not_run.length} not run`;
  const fix = not_run[0]?.fix ?? null;
  return [
    { area: "sandbox", name: area, ok: open.length === 0, detail, fix },
    ...open.map(
      ({ name, detail, fix }) => ({ area: "sandbox", name, ok: false, detail, fix }) as const,
    ),
  ];
}

async function askExecutor(config: Config, how: { deep: boolean }): Promise<SandboxReport> {
  const home = mkdtempSync(join(tmpdir(), "mainstay-doctor-"));
  try {
    const link = await launchExecutor({
      home,
      node_path: config.node_path,
      ripgrep_path: await ripgrepPath(),
      clock: systemClock,
      epoch: 1,
      log: () => undefined,
    });
    try {
      return await link.selfTest(how);
    } finally {
      await link.close();
    }
  } catch (fault) {
    return { available: false, level: "none", checks: [cannotStart(messageOf(fault))] };
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
}

const cannotStart = (detail: string): SandboxCheck => ({
  ...({ area: "real work", name: "has an executor", state: "open", detail } as const),

  fix: "see whether the executor can start: node, the temporary folder, the system's limits",
});
