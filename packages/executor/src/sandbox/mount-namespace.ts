/** Opens the mount namespace in which one workspace's sandboxes are made (`mount-namespace.pl`). */
import { spawn } from "node:child_process";
import { openSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { SOCKET_INSIDE } from "../network/inside.ts";
import { BOUND_ETC, HOME } from "./etc.ts";
import type { StagedFolder } from "./stage.ts";
import type { Toolchain } from "./toolchains.ts";

const PROGRAM = fileURLToPath(new URL("mount-namespace.pl", import.meta.url));
const SAID_LIMIT_CHARS = 4_096;
const MAKING_LIMIT_MS = 15_000;

/** Where programs of ours appear inside. */
export const OWN_PROGRAMS = "/run/mainstay";
/** Mount points, but for `proc` and the place of the workspace. */
const EMPTY = ["proc", "tmp", "run", "var", "var/tmp", HOME.slice(1)];

/** Where `mount-namespace.pl` puts what it makes. */
export const NAMESPACE_ROOT = "/sandbox";
export const NAMESPACE_WORKSPACE = "/workspace";
export const NAMESPACE_CACHE = "/cache";
export const NAMESPACE_NETWORK = "/net";
export const NAMESPACE_OPENINGS = "/openings";

export interface NamespaceContent {
  /** The folder, held open, and where it appears inside. */
  workspace: { descriptor: number; path: string };
  owner: { uid: number; gid: number };
  /** Other folders, held open, that are shown read-only. */
  openings: StagedFolder[];
  /** The owner's files appear as this uid's and gid's. */
  shown_id: number;
  etc_folder: string;
  cache_folder: string;
  /** Where the sockets of its commands' networks are. */
  network_folder: string;
  toolchains: Toolchain[];
  ripgrep_path: string | null;
  /** Folders and links beside /usr: /bin, /lib64. */
  roots: string[];
}

/**
 * Resolves with a descriptor, which is the caller's to close and is all that the namespace lives by;
 * rejects with the step that failed.
 */
export function openMountNamespace(content: NamespaceContent): Promise<number> {
  return new Promise((resolve, reject) => {
    const fail = (why: string) => reject(new Error(`mount namespace: ${why}`));
    const openings = content.openings.map(({ descriptor }) => descriptor);
    const child = spawn("perl", [PROGRAM, ...argumentsFor(content)], {
      cwd: "/",
      env: { PATH: "/usr/sbin:/usr/bin:/sbin:/bin" },
      stdio: ["pipe", "pipe", "pipe", content.workspace.descriptor, ...openings],
      timeout: MAKING_LIMIT_MS,
      killSignal: "SIGKILL",
    });
    child.once("error", (error) => fail(error.message));
    let complaint = "";
    // Where it could not be spawned it has no streams; `error` follows.
    child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      complaint = (complaint + text).slice(0, SAID_LIMIT_CHARS);
    });
    child.stdin?.on("error", () => {}); // it has ended, and says why
    child.stdout?.once("data", () => {
      try {
        resolve(openSync(`/proc/${child.pid}/ns/mnt`, "r"));
      } catch (error) {
        fail((error as Error).message);
      }
      child.stdin?.end();
    });
    child.once("close", (code, signal) => fail(complaint.trim() || `exit ${code ?? signal}`));
  });
}

function argumentsFor(content: NamespaceContent): string[] {
  const { workspace, owner, shown_id, etc_folder, ripgrep_path, roots, toolchains } = content;
  const places = (from: Toolchain["from"]) =>
    toolchains.flatMap((one) => (one.from === from ? [one.source, one.path] : [])).join(":");
  const values = {
    owner_uid: owner.uid,
    owner_gid: owner.gid,
    shown_id,
    path: workspace.path,
    etc: etc_folder,
    cache: content.cache_folder,
    network: content.network_folder,
    network_place: SOCKET_INSIDE,
    home_toolchains: places("home"),
    opt_toolchains: places("opt"),
    ripgrep: ripgrep_path ?? "",
    ripgrep_place: join(OWN_PROGRAMS, "rg"),
    empty: EMPTY.join(":"),
    roots: roots.map((path) => path.slice(1)).join(":"),
    large_etc: BOUND_ETC.join(":"),
  };
  const openings = content.openings.map(
    ({ owner: { uid, gid }, path }, at) => `opening${at}=${uid}:${gid}:${path}`,
  );
  return [...Object.entries(values).map(([name, value]) => `${name}=${value}`), ...openings];
}
