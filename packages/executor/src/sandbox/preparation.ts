/**
 * From a plan to what is launched for it: its stage, its pins, its network, and its sandbox's words.
 * Whatever comes of it is given back by `finish`, or at once where something of it fails.
 */
import { closeSync, lstatSync, openSync, rmSync } from "node:fs";
import { createConfigGuards } from "../agent-config.ts";
import type { Writable } from "../bounds/bounds.ts";
import { createGitGuards } from "../git-guard.ts";
import { forwarderTo } from "../network/inside.ts";
import type { Network, Used } from "../network/network.ts";
import { type PinnedFiles, pinFiles } from "../pinned-files.ts";
import type { ProcessTable } from "../process-table.ts";
import type { Launch } from "../spawned-sandbox.ts";
import type { AtGate } from "../supervise.ts";
import type { Workspace } from "../workspaces.ts";
import type { Caches } from "./caches.ts";
import {
  compose,
  type Composition,
  type Pin,
  type Sighting,
  sightings,
  VOLATILE,
} from "./compose.ts";
import type { Fifos } from "./fifos.ts";
import { type GateName, READY } from "./gate.ts";
import type { HostLayout } from "./host-layout.ts";
import type { Confined, Prepared } from "./sandbox.ts";
import type { Place, Stage } from "./stage.ts";

const NSENTER = "/usr/bin/nsenter";
/** After input, output, complaints, gate, info and filter. */
const FIRST_INHERITED = 6;
const UNUSED: Used = { uses: [], doubt: null };

export interface PreparationParts {
  bubblewrap_path: string;
  filter_path: string;
  processes: ProcessTable;
  gateName: GateName;
  host: HostLayout;
  caches: Caches;
  fifos: Fifos;
  network: Network;
  stage(): Promise<Stage>;
}

interface Making {
  plan: Confined;
  workspace: Workspace;
  openings: Workspace[];
  held: DisposableStack;
  /** Told at its end. */
  notices: string[];
}

interface Gathered {
  way: Way;
  place: Place;
  output_fifo: string;
  pins: Pin[];
}

interface Way {
  /** How the sandbox has it; null where the command has no network. */
  out: Composition["way_out"];
  close(): Promise<Used>;
}

export function preparation(parts: PreparationParts) {
  const { bubblewrap_path, filter_path, processes, host, stage, caches, fifos, network } = parts;
  const git_guards = createGitGuards();
  const config_guards = createConfigGuards();

  return async function prepare(
    plan: Confined,
    workspace: Workspace,
    openings: Workspace[] = [],
  ): Promise<Prepared> {
    const on = await stage();
    const notices: string[] = [];
    using held = new DisposableStack();
    const making = { plan, workspace, openings, held, notices };
    const pinned = pinFiles(workspace, plan.pins);
    held.defer(() => notices.push(...pinned.leave()));
    const gathered = await gather(on, making);
    const { launch, expected } = describe(making, pinned, gathered);
    const kept = held.move();
    return {
      ...{ launch, sandbox: "bubblewrap", processes },
      writes_to: writesTo(plan, workspace),
      inspect(gate) {
        inspect(gate, expected, on.level);
        pinned.inspect(gate.init.pid);
      },
      network: gathered.way.close,
      finish() {
        kept.dispose();
        return notices;
      },
    };
  };

  /** What takes its time is under way while the guards look at the workspace. */
  async function gather(on: Stage, making: Making): Promise<Gathered> {
    const { plan, workspace, openings, held } = making;
    held.defer(caches.enter(workspace.id));
    const opening = begin(openWay(plan, workspace), held, ({ close }) => void close());
    const placing = begin(on.place(workspace, openings), held, leave);
    const taking = begin(fifos.take(), held, (path) => rmSync(path, { force: true }));
    const pins = guard(making);
    const [way, place, output_fifo] = await Promise.all([opening, placing, taking]);
    return { way, place, output_fifo, pins };
  }

  /** The words of its sandbox, and what its gate must show. */
  function describe(
    { plan, workspace, openings, held }: Making,
    pinned: PinnedFiles,
    { way, place, output_fifo, pins }: Gathered,
  ): { launch: Launch; expected: Sighting[] } {
    const into = wayInto(place, bubblewrap_path, held);
    const first_data = FIRST_INHERITED + into.inherited.length;
    const composition: Composition = {
      ...plan,
      gate_name: parts.gateName(plan.command_id),
      ...{ place, host, openings, way_out: way.out },
      workspace: { ...workspace, pins },
      held: pinned.held.map((file, index) => ({ ...file, descriptor: first_data + index })),
    };
    const launch = {
      ...{ program: into.program, argv: [...into.argv, ...compose(composition)] },
      ...{ inherited: into.inherited, data: pinned.held.map(({ bytes }) => bytes) },
      ...{ stdin: plan.stdin ?? null, output_fifo, filter_path },
      ...plan.limits,
    };
    return { launch, expected: sightings(composition) };
  }

  async function openWay({ network: wanted }: Confined, { id }: Workspace): Promise<Way> {
    const forwarder = wanted === null ? null : forwarderTo(wanted.hosts);
    if (wanted === null || forwarder === null) return { out: null, close: async () => UNUSED };
    const socket_folder = network.folderOf(id);
    const { socket_name, close } = await network.open(id, wanted.hosts);
    return { out: { forwarder, socket_folder, socket_name }, close };
  }

  /** A search cannot write, so there is nothing to guard. */
  function guard({ plan, workspace, held, notices }: Making): Pin[] {
    if (plan.profile === "search") return [];
    const tellConfig = config_guards.enter(workspace);
    held.defer(() => notices.push(...tellConfig())); // after git's, which opens what was closed
    const git = git_guards.enter(workspace);
    held.defer(() => notices.push(...git.leave()));
    return git.pins;
  }

  function writesTo({ profile }: Confined, { id, path }: Workspace): Writable {
    const on_disk = profile === "search" ? [] : [path, caches.pathOf(id)];
    return { on_disk, in_memory: VOLATILE.map((one) => one.path) };
  }
}

/** What comes of it is given back in the end, also where it comes when nobody waits any more. */
function begin<T>(
  making: Promise<T>,
  held: DisposableStack,
  giveBack: (made: T) => void,
): Promise<T> {
  making.catch(() => {}); // it is heard where it is awaited
  held.defer(() => void making.then(giveBack, () => {}));
  return making;
}

function leave(place: Place): void {
  if (place.kind === "namespace") closeSync(place.descriptor);
}

/** How bubblewrap is started at a place. Passed on by descriptor, it is the host's own file. */
function wayInto(place: Place, bubblewrap_path: string, held: DisposableStack) {
  if (place.kind === "host") return { program: bubblewrap_path, argv: [], inherited: [] };
  const bubblewrap = openOrSay(bubblewrap_path);
  held.defer(() => closeSync(bubblewrap));
  const ids = [`--setgid=${place.id}`, `--setuid=${place.id}`];
  const [namespace, program] = [FIRST_INHERITED, FIRST_INHERITED + 1].map(
    (descriptor) => `/proc/self/fd/${descriptor}`,
  );
  return {
    program: NSENTER,
    argv: [`--mount=${namespace}`, ...ids, "--", program!],
    inherited: [place.descriptor, bubblewrap],
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
