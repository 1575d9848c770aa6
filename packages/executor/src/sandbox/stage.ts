/**
 * Where bubblewrap finds what it binds, and as whom it runs.
 *
 * As an ordinary user: among the host's own mounts, with the user's own ids.
 *
 * As root no command may run as host uid 0. Each person has the host uid 0x70000000 + n; each
 * workspace has a mount namespace with an idmapped mount of it, which such a uid can reach and own
 * although the folder's parents are closed to it. Where one of these steps fails there is no
 * fallback.
 */
import { closeSync, openSync, realpathSync } from "node:fs";
import { dirname } from "node:path";
import type { Network } from "../network/network.ts";
import { liesIn } from "../system-folders.ts";
import type { CacheFolder, Caches } from "./caches.ts";
import { keepEtc } from "./etc.ts";
import type { HostLayout } from "./host-layout.ts";
import { openMountNamespace } from "./mount-namespace.ts";
import type { Toolchains } from "./toolchains.ts";

const FIRST_PERSON_UID = 0x70000000;

/** A folder held open, and who owns it on disk. */
export interface StagedFolder {
  id: string;
  path: string;
  descriptor: number;
  owner: { uid: number; gid: number };
  person_uid_number: number;
}

/** Where the sandboxes of one workspace are made, and the toolchains that are shown there. */
export type Place = { toolchains: Toolchains } & (
  | { kind: "host"; etc_folder: string; cache_folder: string; ripgrep_folder: string | null }
  /**
   * Nothing else is mounted there; `id` is the uid and gid that bubblewrap gets. The descriptor is the
   * caller's to close, and stays what it is when the workspace is released.
   */
  | { kind: "namespace"; descriptor: number; id: number }
);

export interface Stage {
  level: "per_person" | "shared_user";
  ripgrep_folder: string | null;
  /** Makes what the commands of a folder share; rejects with the reason. */
  makeReady(folder: StagedFolder): Promise<void>;
  /** The folder's place as the host is now, for one command; rejects with the reason. */
  place(folder: StagedFolder, openings?: StagedFolder[]): Promise<Place>;
  /** Forgets the folder, so that its id can be another's. */
  release(folder: StagedFolder): Promise<void>;
}

export interface StageParts {
  run_folder: string;
  ripgrep_path: string | null;
  /** The user whose process this is. */
  owner: { uid: number; gid: number };
  host: HostLayout;
  /** Those that are there now. */
  toolchains(): Toolchains;
  caches: Caches;
  network: Pick<Network, "folderOf">;
}

export function openUserStage(parts: StageParts): Stage {
  const { run_folder, ripgrep_path, owner, caches } = parts;
  const etc = keepEtc(run_folder);
  const ripgrep_folder = folderOf(ripgrep_path);

  function placeOf(folder: StagedFolder): Place {
    const toolchains = parts.toolchains();
    refuseToolchain(folder, toolchains);
    const cache_folder = caches.folder(folder.id, owner).path;
    return { kind: "host", etc_folder: etc(), cache_folder, ripgrep_folder, toolchains };
  }

  return {
    level: "shared_user",
    ripgrep_folder,
    makeReady: async (folder) => void placeOf(folder),
    place: async (folder) => placeOf(folder),
    release: async () => {},
  };
}

/** What is in the mount namespace of a workspace, beside the workspace. */
interface Generation {
  etc_folder: string;
  cache: CacheFolder;
  toolchains: Toolchains;
}

/** Of a workspace, from one generation in words. */
interface Made {
  from: string;
  descriptor: Promise<number>;
}

export function openRootStage(parts: StageParts): Stage {
  const { run_folder, ripgrep_path, host, caches, network } = parts;
  const etc = keepEtc(run_folder);
  const ripgrep_folder = folderOf(ripgrep_path);
  const made = new Map<string, Made>();

  const open = (folder: StagedFolder, openings: StagedFolder[], now: Generation) =>
    openMountNamespace({
      ...{ workspace: folder, openings },
      owner: folder.owner,
      shown_id: uidOf(folder),
      etc_folder: now.etc_folder,
      cache_folder: now.cache.path,
      network_folder: network.folderOf(folder.id),
      toolchains: now.toolchains.shown,
      ripgrep_path: ripgrep_path === null ? null : realpathSync(ripgrep_path),
      roots: host.roots.map(({ path }) => path),
    });

  function make(folder: StagedFolder, from: string, generation: Generation): Made {
    const descriptor = open(folder, [], generation);
    const now = { from, descriptor };
    made.set(folder.id, now);
    descriptor.catch(() => made.get(folder.id) === now && made.delete(folder.id));
    return now;
  }

  async function release({ id }: { id: string }): Promise<void> {
    const old = made.get(id);
    made.delete(id);
    await old?.descriptor.then(closeSync, () => {});
  }

  function generationFor(folder: StagedFolder): Generation {
    const toolchains = parts.toolchains();
    refuseToolchain(folder, toolchains);
    const id = uidOf(folder);
    const cache = caches.folder(folder.id, { uid: id, gid: id });
    return { etc_folder: etc(), cache, toolchains };
  }

  function shared(folder: StagedFolder, now: Generation): Promise<number> {
    const from = wordsFor(now);
    if (made.get(folder.id)?.from !== from) void release(folder);
    return (made.get(folder.id) ?? make(folder, from, now)).descriptor;
  }

  /** Opened before anybody else's turn: whoever releases it from now on closes it after that. */
  async function ownOf(folder: StagedFolder, now: Generation): Promise<number> {
    const descriptor = await shared(folder, now);
    return openSync(`/proc/self/fd/${descriptor}`, "r");
  }

  return {
    level: "per_person",
    ripgrep_folder,
    makeReady: async (folder) => void (await shared(folder, generationFor(folder))),
    async place(folder, openings = []) {
      const now = generationFor(folder);
      const making = openings.length > 0 ? open(folder, openings, now) : ownOf(folder, now);
      const { toolchains } = now;
      return { kind: "namespace", id: uidOf(folder), toolchains, descriptor: await making };
    },
    release,
  };
}

function wordsFor({ etc_folder, cache, toolchains }: Generation): string {
  const shown = toolchains.shown.map(({ path, identity }) => `${path} ${identity}`);
  return [etc_folder, cache.identity, ...shown].join("\n");
}

const uidOf = ({ person_uid_number }: StagedFolder) => FIRST_PERSON_UID + person_uid_number;

/** What one person writes there would run in everybody's commands. */
function refuseToolchain({ path }: StagedFolder, { shown }: Toolchains): void {
  const touched = shown
    .flatMap((one) => [one.path, one.source])
    .find((one) => liesIn(path, one) || liesIn(one, path));
  if (touched === undefined) return;
  throw new Error(`commands of all workspaces are shown the programs in ${touched}`);
}

const folderOf = (ripgrep_path: string | null): string | null =>
  ripgrep_path === null ? null : dirname(realpathSync(ripgrep_path));
