/** The face of the sandbox: what to launch for a plan, what its gate must show, what holds here. */
import { closeSync, lstatSync, openSync, rmSync, writeFileSync } from "node:fs";
import { arch } from "node:os";
import { join } from "node:path";
import type { Clock } from "@mainstay/sdk/clock";
import { createConfigGuards } from "../agent-config.ts";
import type { Writable } from "../bounds/bounds.ts";
import { createGitGuards } from "../git-guard.ts";
import { forwarderTo } from "../network/inside.ts";
import { openNetwork, type Used } from "../network/network.ts";
import { pinFiles } from "../pinned-files.ts";
import type { ProcessTable } from "../process-table.ts";
import type { SandboxReport } from "../protocol.ts";
import type { Launch } from "../spawned-sandbox.ts";
import type { AtGate } from "../supervise.ts";
import type { Plan } from "../ticket.ts";
import type { Workspace } from "../workspaces.ts";
import { openCaches } from "./caches.ts";
import { compose, type Pin, type Sighting, sightings, VOLATILE } from "./compose.ts";
import { keepToolchains } from "./current-toolchains.ts";
import { READY } from "./gate.ts";
import { stockFifos } from "./fifos.ts";
import { readHostLayout } from "./host-layout.ts";
import { compileFilter, encodeFilter } from "./seccomp.ts";
import { type Architecture, RULES } from "./seccomp-rules.ts";
import { selfTest } from "./selftest.ts";
import { openRootStage, openUserStage, type Place, type Stage } from "./stage.ts";

const NSENTER = "/usr/bin/nsenter";
/** After input, output, complaints, gate, info and filter. */
const FIRST_INHERITED = 6;

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
  const git_guards = createGitGuards();
  const config_guards = createConfigGuards();
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

  async function prepare(
    plan: Confined,
    workspace: Workspace,
    openings: Workspace[] = [],
  ): Promise<Prepared> {
    const on = await stage();
    const notices: string[] = [];
    using held = new DisposableStack();
    const pinned = pinFiles(workspace, plan.pins);
    held.defer(() => notices.push(...pinned.leave()));
    const output_fifo = await fifos.take();
    held.defer(() => rmSync(output_fifo, { force: true })); // it is still there if none was launched
    held.defer(caches.enter(workspace.id));
    const place = await on.place(workspace, openings);
    if (place.kind === "namespace" && place.for_once) held.defer(() => closeSync(place.descriptor));
    const out = await wayOut(plan, workspace, held);
    const way = wayInto(place, bubblewrap_path, held);
    const first_data = FIRST_INHERITED + way.inherited.length;
    const composition = {
      ...plan,
      workspace: { ...workspace, pins: pinsOf(plan, workspace, held, notices) },
      openings,
      held: pinned.held.map((file, index) => ({ ...file, descriptor: first_data + index })),
      ...{ place, host, way_out: out.way },
    };
    const expected = sightings(composition);
    const launch = {
      ...{ program: way.program, argv: [...way.argv, ...compose(composition)] },
      ...{ inherited: way.inherited, data: pinned.held.map(({ bytes }) => bytes) },
      stdin: plan.stdin ?? null,
      ...{ output_fifo, filter_path },
      ...plan.limits,
    };
    const kept = held.move();
    return {
      ...{ launch, sandbox: "bubblewrap", processes },
      writes_to: writesTo(plan, workspace),
      inspect(gate) {
        inspect(gate, expected, on.level);
        pinned.inspect(gate.init.pid);
      },
      network: out.close,
      finish() {
        kept.dispose();
        return notices;
      },
    };
  }

  function writesTo({ profile }: Confined, { id, path }: Workspace): Writable {
    const on_disk = profile === "search" ? [] : [path, caches.pathOf(id)];
    return { on_disk, in_memory: VOLATILE.map(({ path }) => path) };
  }

  async function wayOut(plan: Confined, { id }: Workspace, held: DisposableStack) {
    const forwarder = plan.network === null ? null : forwarderTo(plan.network.hosts);
    if (plan.network === null || forwarder === null)
      return { way: null, close: async () => UNUSED };
    const way = { forwarder, socket_folder: network.folderOf(id) };
    const { socket_name, close } = await network.open(id, plan.network.hosts);
    held.defer(() => void close());
    return { way: { ...way, socket_name }, close };
  }

  /** A search cannot write, so there is nothing to guard. */
  function pinsOf(
    { profile }: Confined,
    workspace: Workspace,
    held: DisposableStack,
    notices: string[],
  ): Pin[] {
    if (profile === "search") return [];
    const tellConfig = config_guards.enter(workspace);
    held.defer(() => notices.push(...tellConfig())); // after git's, which opens what was closed
    const guard = git_guards.enter(workspace);
    held.defer(() => notices.push(...guard.leave()));
    return guard.pins;
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
    const report = last_test.then(() => selfTest(parts, how));
    last_test = report;
    return report;
  }

  return { stage, report, probe: () => test({ deep: true }), prepare, settled };
}

const UNUSED: Used = { uses: [], doubt: null };

function architecture(): Architecture {
  const name = arch();
  if (name === "x64" || name === "arm64") return name;
  throw new Error(`there is no seccomp filter for ${name}`);
}

/** How bubblewrap is started at a place. Passed on by descriptor, it is the host's own file. */
function wayInto(place: Place, bubblewrap_path: string, held: DisposableStack) {
  if (place.kind === "host") return { program: bubblewrap_path, argv: [], inherited: [] };
  const inherited = [`/proc/self/fd/${place.descriptor}`, bubblewrap_path].map((path) =>
    openOrSay(path),
  );
  held.defer(() => inherited.forEach(closeSync));
  const ids = [`--setgid=${place.id}`, `--setuid=${place.id}`];
  const [namespace, program] = [FIRST_INHERITED, FIRST_INHERITED + 1].map(
    (descriptor) => `/proc/self/fd/${descriptor}`,
  );
  return {
    program: NSENTER,
    argv: [`--mount=${namespace}`, ...ids, "--", program!],
    inherited,
  };
}

function openOrSay(path: string): number {
  try {
    return openSync(path, "r");
  } catch (error) {
    throw new Error(`${path} could not be started: ${(error as Error).message}`);
  }
}

function inspect({ init, ready, status }: AtGate, seen: Sighting[], level: Stage["level"]): void {
  if (ready !== READY || seen.some((sighting) => !isSeen(init.pid, sighting))) {
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

/** Looks from where the sandbox's init stands, which nothing of the command has moved yet. */
function isSeen(pid: number, { path, identity }: Sighting): boolean {
  const from = path.startsWith("/") ? "root" : "cwd/";
  const found = lstatSync(`/proc/${pid}/${from}${path}`, { bigint: true, throwIfNoEntry: false });
  return found !== undefined && `${found.dev}:${found.ino}` === identity;
}
