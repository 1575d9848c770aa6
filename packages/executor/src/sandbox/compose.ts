/**
 * The bubblewrap arguments for one command: a function of the plan, of what was registered and of
 * what the host has. Nothing that a model or a ticket says becomes a path or a flag here.
 */
import { NETWORK_VARIABLES, SOCKET_INSIDE } from "../network/inside.ts";
import type { Plan } from "../ticket.ts";
import { BOUND_ETC, HOME, INSIDE_ID } from "./etc.ts";
import { gated } from "./gate.ts";
import { GIT_VARIABLES } from "./git-environment.ts";
import type { HostLayout } from "./host-layout.ts";
import { CERTIFICATE_VARIABLES, HOST_VARIABLES } from "./host-variables.ts";
import {
  NAMESPACE_CACHE,
  NAMESPACE_NETWORK,
  NAMESPACE_OPENINGS,
  NAMESPACE_ROOT,
  NAMESPACE_WORKSPACE,
  OWN_PROGRAMS,
} from "./mount-namespace.ts";
import type { Place } from "./stage.ts";
import { TOOLCHAIN_VARIABLES } from "./toolchains.ts";

/** A folder of the workspace's own on disk. */
const CACHE = `${HOME}/.cache`;
/** File systems in memory, of each command its own. */
export const VOLATILE = [
  { path: "/dev/shm", perms: "1777", size_bytes: 64 << 20 },
  { path: "/tmp", perms: "1777", size_bytes: 512 << 20 },
  { path: "/var/tmp", perms: "1777", size_bytes: 512 << 20 },
  { path: HOME, perms: "0700", size_bytes: 256 << 20 },
];

/** A path below the working folder, or an absolute one, with the device and inode it must have inside. */
export interface Sighting {
  path: string;
  identity: string;
}

/** A file of the workspace bound onto itself, so that it cannot be moved away or rewritten. */
export interface Pin extends Sighting {
  access: "read_write" | "read_only";
}

/** Bytes that lie over a file of the workspace; bubblewrap reads them from a descriptor. */
export interface Held {
  path: string;
  mode: number;
  descriptor: number;
}

export interface Composition {
  gate_name: string;
  run: Plan["run"];
  profile: Plan["profile"];
  workspace: {
    /** Where the folder appears inside: its own path on the host. */
    path: string;
    identity: string;
    pins: Pin[];
  };
  /** Other folders that are shown read-only, at their own paths. */
  openings: Sighting[];
  held: Held[];
  /** The socket of its network and what carries connections there; null where it has none. */
  way_out: { socket_folder: string; socket_name: string; forwarder: string[] } | null;
  place: Place;
  host: HostLayout;
}

/** What the gate must see for this composition, in order. */
export function sightings({
  workspace,
  openings,
}: Pick<Composition, "workspace" | "openings">): Sighting[] {
  return [{ path: ".", identity: workspace.identity }, ...workspace.pins, ...openings];
}

export function compose(parts: Composition): string[] {
  return [
    ...isolation(),
    ...(parts.place.kind === "host" ? ofHost(parts.place, parts) : ofNamespace(parts)),
    ...held(parts),
    ...["--chdir", parts.workspace.path],
    ...environment(parts),
    "--",
    ...gated(parts.gate_name, command(parts), parts.way_out?.forwarder ?? []),
  ];
}

function ofHost(place: Extract<Place, { kind: "host" }>, parts: Composition): string[] {
  return [
    ...system(place, parts.host),
    ...["--proc", "/proc", "--dev", "/dev"],
    ...["--perms", "0755", "--dir", "/run", "--perms", "0755", "--dir", "/var"],
    ...volatile(),
    ...toolchains(parts),
    ...cache(place.cache_folder, parts.profile),
    ...ripgrep(place, parts.profile),
    ...parts.openings.flatMap(({ path }) => ["--ro-bind", path, path]),
    ...workspace(parts, parts.workspace.path),
    ...wayOut(parts, parts.way_out?.socket_folder),
    ...["--remount-ro", "/dev", "--remount-ro", "/"],
  ];
}

function ofNamespace(parts: Composition): string[] {
  return [
    ...["--dev-bind", NAMESPACE_ROOT, "/", "--proc", "/proc"],
    ...volatile(),
    ...cache(NAMESPACE_CACHE, parts.profile),
    ...parts.openings.flatMap(({ path }, at) => ["--ro-bind", `${NAMESPACE_OPENINGS}/${at}`, path]),
    ...workspace(parts, NAMESPACE_WORKSPACE),
    ...wayOut(parts, NAMESPACE_NETWORK),
  ];
}

function isolation(): string[] {
  return [
    ...["--unshare-all", "--unshare-user", "--disable-userns"],
    ...["--uid", String(INSIDE_ID), "--gid", String(INSIDE_ID), "--hostname", "mainstay"],
    ...["--cap-drop", "ALL", "--new-session", "--die-with-parent", "--as-pid-1", "--clearenv"],
    ...["--info-fd", "4", "--seccomp", "5"],
  ];
}

/** bubblewrap reads the whole mount table for each bind, so few binds are a fast start. */
function system({ etc_folder }: { etc_folder: string }, host: HostLayout): string[] {
  return [
    ...["--ro-bind", "/usr", "/usr", "--ro-bind", etc_folder, "/etc"],
    ...BOUND_ETC.flatMap((name) => ["--ro-bind-try", `/etc/${name}`, `/etc/${name}`]),
    ...host.roots.flatMap(({ path, link }) =>
      link === null ? ["--ro-bind", path, path] : ["--symlink", link, path],
    ),
  ];
}

function volatile(): string[] {
  return VOLATILE.flatMap(({ path, perms, size_bytes }) => [
    ...["--size", String(size_bytes), "--perms", perms, "--tmpfs", path],
  ]);
}

/** A search starts none of them. */
function toolchains({ profile, place }: Composition): string[] {
  if (profile === "search") return [];
  // Their user may remove one at any time.
  return place.toolchains.shown.flatMap(({ source, path }) => ["--ro-bind-try", source, path]);
}

function cache(folder: string, profile: Plan["profile"]): string[] {
  return profile === "search" ? [] : ["--bind", folder, CACHE];
}

function ripgrep(
  { ripgrep_folder }: { ripgrep_folder: string | null },
  profile: Plan["profile"],
): string[] {
  if (profile !== "search" || ripgrep_folder === null) return [];
  return ["--ro-bind", ripgrep_folder, OWN_PROGRAMS];
}

function workspace({ profile, workspace: { path, pins } }: Composition, source: string): string[] {
  if (profile === "search") return ["--ro-bind", source, path];
  return [
    ...["--bind", source, path],
    ...pins.flatMap((pin) => [
      pin.access === "read_only" ? "--ro-bind" : "--bind",
      ...[`${source}/${pin.path}`, `${path}/${pin.path}`],
    ]),
  ];
}

/** Its own socket alone: beside it in the folder are those of other commands. */
function wayOut({ way_out }: Composition, socket_folder: string | undefined): string[] {
  if (way_out === null) return [];
  return ["--ro-bind", `${socket_folder}/${way_out.socket_name}`, SOCKET_INSIDE];
}

function held({ held, workspace: { path } }: Composition): string[] {
  return held.flatMap((file) => [
    ...["--perms", file.mode.toString(8).padStart(4, "0")],
    ...["--ro-bind-data", String(file.descriptor), `${path}/${file.path}`],
  ]);
}

export const USUAL_PATH = "/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin";

const VARIABLES = {
  HOME,
  USER: "agent",
  LOGNAME: "agent",
  SHELL: "/bin/sh",
  PATH: USUAL_PATH,
  LANG: "C.UTF-8",
  TERM: "dumb",
  TMPDIR: "/tmp",
  // Nobody sits at the terminal of a command: tools must not prompt or watch.
  CI: "1",
  ...GIT_VARIABLES,
  // What is fetched stays; not on the PATH: a program that a command made must not answer for another.
  XDG_CACHE_HOME: CACHE,
  npm_config_cache: `${CACHE}/npm`,
  CARGO_HOME: `${CACHE}/cargo`,
  GOPATH: `${CACHE}/go`,
  GRADLE_USER_HOME: `${CACHE}/gradle`,
  MAVEN_OPTS: `-Dmaven.repo.local=${CACHE}/maven`,
  // There is no network: without this npm and pip say so only after a minute of retries.
  npm_config_fetch_retries: "0",
  PIP_RETRIES: "0",
};
/** All that a command finds in its environment; the self-test knows anything else for a leak. */
export const VARIABLE_NAMES = [
  ...Object.keys(VARIABLES),
  ...HOST_VARIABLES,
  ...CERTIFICATE_VARIABLES,
  ...TOOLCHAIN_VARIABLES,
];

function environment({ profile, host, place, way_out }: Composition): string[] {
  const { before, after } = place.toolchains.path;
  const path =
    profile === "search" ? [OWN_PROGRAMS, USUAL_PATH] : [...before, USUAL_PATH, ...after];
  const variables = {
    ...VARIABLES,
    ...host.variables,
    ...place.toolchains.variables,
    ...(way_out === null ? {} : { ...NETWORK_VARIABLES, ...host.certificates }),
    SHELL: host.shell,
    PATH: path.join(":"),
  };
  return Object.entries(variables).flatMap(([name, value]) => ["--setenv", name, value]);
}

function command({ run, host }: Composition): string[] {
  return run.kind === "script" ? [host.shell, "-c", run.script] : run.argv;
}
