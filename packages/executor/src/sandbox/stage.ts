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
import type { HostLayout } from "./compose.ts";
import { keepEtc } from "./etc.ts";
import { openMountNamespace } from "./mount-namespace.ts";

const FIRST_PERSON_UID = 0x70000000;

/** A folder held open, and who owns it on disk. */
export interface StagedFolder {
  id: string;
  path: string;
  descriptor: number;
  owner: { uid: number; gid: number };
  person_uid_number: number;
}

/** Where the sandboxes of one workspace are made. */
export type Place =
  | { kind: "host"; etc_folder: string; ripgrep_folder: string | null }
  /** Nothing else is mounted there; `id` is the uid and gid that bubblewrap gets. */
  | { kind: "namespace"; descriptor: number; id: number };

export interface Stage {
  level: "per_person" | "shared_user";
  ripgrep_folder: string | null;
  /** The folder's place as the host is now; rejects with the reason. */
  place(folder: StagedFolder): Promise<Place>;
  /** Forgets the folder, so that its id can be another's. */
  release(folder: StagedFolder): Promise<void>;
}

export function openUserStage(run_folder: string, ripgrep_path: string | null): Stage {
  const etc = keepEtc(run_folder);
  const ripgrep_folder = folderOf(ripgrep_path);
  return {
    level: "shared_user",
    ripgrep_folder,
    place: async () => ({ kind: "host", etc_folder: etc(), ripgrep_folder }),
    release: async () => {},
  };
}

/** Of a workspace, made from one generation of the sandbox's /etc. */
interface Made {
  etc_folder: string;
  descriptor: Promise<number>;
}

export function openRootStage(
  run_folder: string,
  ripgrep_path: string | null,
  host: HostLayout,
): Stage {
  const etc = keepEtc(run_folder);
  const ripgrep_folder = folderOf(ripgrep_path);
  const made = new Map<string, Made>();

  function make(folder: StagedFolder, etc_folder: string): Made {
    const descriptor = openMountNamespace({
      workspace: folder,
      owner: folder.owner,
      shown_id: FIRST_PERSON_UID + folder.person_uid_number,
      etc_folder,
      ripgrep_path: ripgrep_path === null ? null : realpathSync(ripgrep_path),
      roots: host.roots.map(({ path }) => path),
    });
    const now = { etc_folder, descriptor };
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
    async place(folder) {
      const etc_folder = etc();
      if (made.get(folder.id)?.etc_folder !== etc_folder) void release(folder);
      const { descriptor } = made.get(folder.id) ?? make(folder, etc_folder);
      const id = FIRST_PERSON_UID + folder.person_uid_number;
      return { kind: "namespace", descriptor: await descriptor, id };
    },
    release,
  };
}

const folderOf = (ripgrep_path: string | null): string | null =>
  ripgrep_path === null ? null : dirname(realpathSync(ripgrep_path));
