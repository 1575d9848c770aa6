/**
 * Commands as plain processes of the server's own user, where an admin has opted in to that: nothing
 * keeps them from what that user may read, write or reach. What still holds: tickets and consent, the
 * folder they begin in, time, output and memory, and that all of one ends with it.
 */
import { closeSync, fstatSync, openSync, rmSync, statSync } from "node:fs";
import { userInfo } from "node:os";
import { join } from "node:path";
import { MARKER, markedTree } from "./marked-tree.ts";
import { pinFiles } from "./pinned-files.ts";
import type { SandboxReport } from "./protocol.ts";
import { USUAL_PATH } from "./sandbox/compose.ts";
import { keepToolchains } from "./sandbox/current-toolchains.ts";
import { stockFifos } from "./sandbox/fifos.ts";
import { gatedPlainly, gateNames, READY } from "./sandbox/gate.ts";
import { GIT_VARIABLES } from "./sandbox/git-environment.ts";
import { type HostLayout, readHostLayout } from "./sandbox/host-layout.ts";
import {
  type Confined,
  createSandbox,
  type Prepared,
  type Sandbox,
  type SandboxParts,
  type SandboxSettings,
} from "./sandbox/sandbox.ts";
import type { Toolchains } from "./sandbox/toolchains.ts";
import type { AtGate } from "./supervise.ts";
import type { Workspace } from "./workspaces.ts";

const SET_SESSION = "/usr/bin/setsid";
const ENVIRONMENT = "/usr/bin/env";
/** After input, output, complaints, gate, info and filter. */
const WORKSPACE_DESCRIPTOR = 6;

const REPORT: SandboxReport = {
  available: true,
  level: "none",
  checks: [
    {
      area: "sandbox",
      name: "keeps commands in a sandbox",
      state: "open",
      detail: "`unsandboxed` is on: commands can do whatever the server's user can",
      fix: "take `unsandboxed` out of the configuration and start the server again",
    },
  ],
};

/** Workspaces are registered as with a sandbox; what they are staged for is left aside. */
export function createUnsandboxed(settings: SandboxSettings, parts: SandboxParts): Sandbox {
  const sandbox = createSandbox(settings, parts);
  const host = readHostLayout(settings);
  const toolchains = keepToolchains({ ...settings, ...settings.owner, opt: "/opt" });
  const gateName = gateNames(settings.home);
  const fifos = stockFifos(join(settings.home, "exec", "plain-fifos"));

  async function prepare(plan: Confined, workspace: Workspace): Promise<Prepared> {
    using held = new DisposableStack();
    const readPins = () => pinFiles(workspace, plan.pins).leave();
    readPins();
    const output_fifo = await fifos.take();
    held.defer(() => rmSync(output_fifo, { force: true }));
    const folder = openSync(`/proc/self/fd/${workspace.descriptor}/.`, "r");
    held.defer(() => closeSync(folder));
    const { ripgrep_folder } = await sandbox.stage();
    const program = plan.profile === "search" && ripgrep_folder !== null ? [ripgrep_folder] : [];
    const variables = variablesOf(plan, settings, { ...host, toolchains: toolchains() }, program);
    const command =
      plan.run.kind === "script" ? [host.shell, "-c", plan.run.script] : plan.run.argv;
    const launch = {
      program: SET_SESSION,
      argv: [
        ...[ENVIRONMENT, "-i", "-C", `/proc/self/fd/${WORKSPACE_DESCRIPTOR}`],
        ...Object.entries(variables).map(([name, value]) => `${name}=${value}`),
        ...gatedPlainly(gateName(plan.command_id), command),
      ],
      ...{ inherited: [folder], data: [], stdin: plan.stdin ?? null },
      ...{ output_fifo, filter_path: "/dev/null" },
      ...plan.limits,
    };
    const kept = held.move();
    return {
      ...{ launch, sandbox: "none", processes: markedTree(parts.processes, plan.command_id) },
      // Its /tmp is the host's own.
      writes_to: { on_disk: [workspace.path, settings.home], in_memory: [] },
      inspect(gate) {
        inspect(gate, workspace);
        readPins();
      },
      network: async () => ({ uses: [], doubt: null }),
      finish() {
        kept.dispose();
        return [];
      },
    };
  }

  async function settled(): Promise<void> {
    await Promise.all([sandbox.settled(), fifos.close()]);
  }

  const report = async () => REPORT;
  return { ...sandbox, report, probe: report, prepare, settled };
}

function variablesOf(
  { command_id }: Confined,
  { user_home, owner }: SandboxSettings,
  { shell, variables, toolchains }: HostLayout & { toolchains: Toolchains },
  first: string[],
): Record<string, string> {
  const user_name = nameOf(owner.uid);
  const { before, after } = toolchains.path;
  return {
    ...{ HOME: user_home, USER: user_name, LOGNAME: user_name, SHELL: shell },
    ...{ LANG: "C.UTF-8", TERM: "dumb", TMPDIR: "/tmp", CI: "1" },
    ...GIT_VARIABLES,
    ...variables,
    PATH: [...first, ...before, USUAL_PATH, ...after].join(":"),
    [MARKER]: command_id,
  };
}

/** In a container a user often has none. */
function nameOf(uid: number): string {
  try {
    return userInfo().username;
  } catch {
    return String(uid);
  }
}

function inspect({ init, ready }: AtGate, workspace: Workspace): void {
  const { dev, ino } = fstatSync(workspace.descriptor, { bigint: true });
  const seen = statSync(`/proc/${init.pid}/cwd/.`, { bigint: true });
  if (ready !== READY || seen.dev !== dev || seen.ino !== ino) {
    throw new Error("the command did not begin in its workspace");
  }
}
