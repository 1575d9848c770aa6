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
import { closeSync, realpathSync } from "node:fs";
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
   * Nothing else is mounted there; `id` is the uid and gid that bubblewrap gets. One `for_once` was
   * made for one command, and its descriptor is to be closed with it.
   */
  | { kind: "namespace"; descriptor: number; id: number; for_once: boolean }
);

export interface Stage {
  level: "per_person" | "shared_user";
  ripgrep_folder: string | null;
  /** The folder's place as the host is now; rejects with the reason. */
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
  return {
    level: "shared_user",
    ripgrep_folder,
    async place(folder) {
      const toolchains = parts.toolchains();
      refuseToolchain(folder, toolchains);
      const cache_folder = caches.folder(folder.id, owner).path;
      return { kind: "host", etc_folder: etc(), cache_folder, ripgrep_folder, toolchains };
    },
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

  return {
    level: "per_person",
    ripgrep_folder,
    async place(folder, openings = []) {
      const toolchains = parts.toolchains();
      refuseToolchain(folder, toolchains);
      const id = uidOf(folder);
      const cache = caches.folder(folder.id, { uid: id, gid: id });
      const now = { etc_folder: etc(), cache, toolchains };
      const place = { kind: "namespace", id, toolchains } as const;
      if (openings.length > 0) {
        return { ...place, descriptor: await open(folder, openings, now), for_once: true };
      }
      const from = wordsFor(now);
      if (made.get(folder.id)?.from !== from) void release(folder);
      const { descriptor } = made.get(folder.id) ?? make(folder, from, now);
      return { ...place, descriptor: await descriptor, for_once: false };
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
