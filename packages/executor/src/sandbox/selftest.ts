/** Runs the probes in the real sandbox and says what they found, or why there is no sandbox. */
import type { SandboxReport } from "../protocol.ts";
import { layBait } from "./probes/bait.ts";
import { probesFor } from "./probes/probes.ts";
import { runProbes, type RunParts, RUNS, runTrials } from "./probes/runs.ts";
import type { Architecture } from "./seccomp-rules.ts";
import type { Stage } from "./stage.ts";

export interface SelfTestParts extends RunParts {
  home: string;
  run_folder: string;
  /** Throws for one that the filter is not written for. */
  architecture(): Architecture;
  stage(): Promise<Stage>;
}

/** Never rejects: what goes wrong is the report. One at a time. */
export async function selfTest(
  parts: SelfTestParts,
  { deep }: { deep: boolean },
): Promise<SandboxReport> {
  try {
    const { level } = await parts.stage();
    await using bait = await layBait(parts);
    const checks = await runProbes(parts, bait, probesFor(parts.architecture()));
    if (deep) checks.push(...(await runTrials(parts, bait)));
    const available = checks.every(({ state }) => state !== "open");
    return { available, level: available ? level : "none", checks };
  } catch (error) {
    const why = (error as Error).message;
    const broken = { ...RUNS, state: "open", detail: why, fix: fixFor(why) } as const;
    return { available: false, level: "none", checks: [broken] };
  }
}

/** What to type, by the words of bubblewrap, the kernel and our own tools. */
function fixFor(why: string): string {
  if (/could not be started: .*ENOENT/.test(why)) return "apt-get install bubblewrap";
  if (/nsenter.*ENOENT/.test(why)) return "apt-get install util-linux";
  if (/perl.*ENOENT/.test(why)) return "apt-get install perl-base";
  if (why.startsWith("mount namespace: idmap")) {
    return "keep workspaces and what is mounted in them on ext4, xfs, btrfs or tmpfs, with Linux 5.12 or newer";
  }
  if (/^mount namespace:.*not permitted/.test(why)) {
    return "let root mount (in a container: CAP_SYS_ADMIN), or run Mainstay as an ordinary user";
  }
  if (/namespace|uid map|Operation not permitted|loopback/i.test(why)) {
    return (
      "allow user namespaces: sysctl -w kernel.unprivileged_userns_clone=1 " +
      "kernel.apparmor_restrict_unprivileged_userns=0 (in a container: run it with them allowed)"
    );
  }
  return "see the detail; bubblewrap 0.8 or newer and Linux 5.12 or newer are needed";
}
