/** Runs one probe in the real sandbox and judges what it could see and do. */
import { closeSync, constants, existsSync, fstatSync, mkdirSync, openSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { Clock } from "@mainstay/sdk/clock";
import { keepOutput } from "../output.ts";
import type { ProcessTable } from "../process-table.ts";
import type { SandboxCheck, SandboxReport } from "../protocol.ts";
import { supervise, type Outcome } from "../supervise.ts";
import type { Workspace } from "../workspaces.ts";
import { VARIABLE_NAMES } from "./compose.ts";
import type { Confined, Prepared } from "./sandbox.ts";
import type { Stage } from "./stage.ts";

/** Must never appear on the host; inside, its folder may be a writable one of the sandbox's own. */
const ESCAPED = "escaped-from-the-sandbox";

/** The shell adds PWD. */
const OWN_VARIABLES = [...VARIABLE_NAMES, "PWD"].join("|");

const PROBE = `
echo uid=$(id -u)
echo network=$(tail -n +3 /proc/net/dev | cut -d: -f1)
for key in "$1"/*.key; do [ -e "$key" ] && echo reachable=$key; done
for file in /probe /etc/probe /usr/probe /dev/probe; do
  (echo x > "$file") 2>/dev/null && echo written=$file
done
(echo x > "$1/${ESCAPED}") 2>/dev/null
echo environment=$(tr '\\0' '\\n' < /proc/1/environ | grep -cvE '^(${OWN_VARIABLES})=')
echo processes=$(ls -d /proc/[0-9]* | wc -l)
unshare --user true 2>/dev/null && echo namespaces=open
touch set-id && chmod 4755 set-id 2>/dev/null && echo set_id=made
echo descriptors=$(ls /proc/self/fd | wc -l)
echo limits=$(ulimit -n) $(ulimit -c) $(ulimit -f)
echo inside > made && echo workspace=$(cat made)
setsid sleep 300 >/dev/null 2>&1 &
echo done=yes
`;

/** The probe, its shells and substitutions; a host's process table is longer. */
const PROCESS_LIMIT = 10;

/** Input, output, complaints, and the folder that `ls` itself has open. */
const OWN_DESCRIPTORS = "4";

export interface SelfTestParts {
  run_folder: string;
  stage(): Promise<Stage>;
  prepare(plan: Confined, workspace: Workspace): Promise<Prepared>;
  processes: ProcessTable;
  clock: Clock;
}

/** Never rejects: what goes wrong is the report. */
export async function selfTest(parts: SelfTestParts): Promise<SandboxReport> {
  try {
    const { level } = await parts.stage();
    const checks = judge(await probe(parts), existsSync(join(parts.run_folder, ESCAPED)));
    const available = checks.every(({ ok }) => ok);
    return { available, level: available ? level : "none", checks };
  } catch (error) {
    return { available: false, level: "none", checks: [broken((error as Error).message)] };
  }
}

async function probe(parts: SelfTestParts): Promise<Outcome> {
  const workspace = await openProbeFolder(parts);
  try {
    const plan: Confined = {
      command_id: "self-test",
      run: { kind: "argv", argv: ["/bin/sh", "-c", PROBE, "probe", parts.run_folder] },
      stdin: null,
      profile: "agent",
      pins: [],
      network: null,
      openings: [],
      limits: { wall_ms: 20_000, output_bytes: 1 << 14 },
    };
    const { launch, inspect, finish } = await parts.prepare(plan, workspace);
    const output = keepOutput(plan.limits.output_bytes);
    const { end } = supervise(launch, {
      ...parts,
      beforeGo: async (gate) => inspect(gate),
      output,
    });
    return await end.finally(finish);
  } finally {
    await parts.stage().then((stage) => stage.release(workspace));
    closeSync(workspace.descriptor);
    rmSync(workspace.path, { recursive: true, force: true });
  }
}

async function openProbeFolder({ run_folder, stage }: SelfTestParts): Promise<Workspace> {
  const folder = join(run_folder, "probe");
  mkdirSync(folder, { recursive: true });
  const descriptor = openSync(folder, constants.O_RDONLY | constants.O_DIRECTORY);
  const { dev, ino, uid, gid } = fstatSync(descriptor);
  const staged = {
    id: "self-test",
    path: folder,
    descriptor,
    owner: { uid, gid },
    person_uid_number: 0,
  };
  await (await stage()).place(staged);
  return { ...staged, identity: `${dev}:${ino}` };
}

function judge(outcome: Outcome, escaped: boolean): SandboxCheck[] {
  if (outcome.result === "not_started") return [broken(outcome.why)];
  const found = new Map(
    outcome.output.split("\n").map((line) => line.split("=", 2) as [string, string]),
  );
  const check = (name: string, ok: boolean, detail: string): SandboxCheck => {
    const fix = "run commands elsewhere until this holds; please report it with this detail";
    return { name, ok, detail, fix: ok ? null : fix };
  };
  const says = (name: string) => found.get(name)?.trim() ?? "none";
  const finished = outcome.exit_code === 0 && says("done") === "yes";
  const detail = `exit ${outcome.exit_code}; processes left: ${outcome.gone ? "none" : "some"}`;
  return [
    check("runs a command and ends all of it", finished && outcome.gone, detail),
    check("has an ordinary user", /^[1-9]\d*$/.test(says("uid")), `uid ${says("uid")} inside`),
    check("has no network", says("network") === "lo", `interfaces: ${says("network")}`),
    check(
      "hides the executor's keys",
      says("reachable") === "none",
      `reached: ${says("reachable")}`,
    ),
    check(
      "writes nowhere outside",
      says("written") === "none" && !escaped,
      `written: ${says("written")}`,
    ),
    check("writes in the workspace", says("workspace") === "inside", `wrote: ${says("workspace")}`),
    check(
      "inherits no environment",
      says("environment") === "0",
      `${says("environment")} foreign variables`,
    ),
    check(
      "inherits no descriptors",
      says("descriptors") === OWN_DESCRIPTORS,
      `${says("descriptors")} open descriptors`,
    ),
    check(
      "sees its own processes only",
      Number(says("processes")) <= PROCESS_LIMIT,
      `${says("processes")} processes`,
    ),
    check("makes no user namespaces", says("namespaces") === "none", `made: ${says("namespaces")}`),
    check("makes no set-id programs", says("set_id") === "none", `set-id file: ${says("set_id")}`),
    check("is bounded", isBounded(says("limits")), `files, core, file size: ${says("limits")}`),
  ];
}

/** Open files, core dumps and the size of a file must each have a bound; the host may have set less. */
const isBounded = (limits: string): boolean => /^\d+ 0 \d+$/.test(limits);

function broken(why: string): SandboxCheck {
  return { name: "runs a command and ends all of it", ok: false, detail: why, fix: fixFor(why) };
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
