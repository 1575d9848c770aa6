/**
 * Where bubblewrap finds what it binds, and as whom it runs.
 *
 * As an ordinary user: the host's own paths, and the user's own ids.
 *
 * As root no command may run as host uid 0. Each person has the host uid 0x70000000 + n; the
 * executor lives in a mount namespace of its own, and a tmpfs over its /dev/shm (no folder on the
 * host to clean up, no path a workspace could lie in) holds idmapped mounts of the workspaces,
 * which such a uid can reach and own although the folder's parents are closed to it. Where one of
 * these steps fails there is no fallback.
 */
import { chmodSync, copyFileSync, mkdirSync, readlinkSync, realpathSync } from "node:fs";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { keepEtc } from "./etc.ts";
import { runTool } from "./system-tool.ts";

const FIRST_PERSON_UID = 0x70000000;
const ROOT_STAGE = "/dev/shm";
const IDMAP = fileURLToPath(new URL("idmap.pl", import.meta.url));

/** A folder held open, and who owns it on disk. */
export interface StagedFolder {
  id: string;
  path: string;
  descriptor: number;
  owner: { uid: number; gid: number };
  person_uid_number: number;
}

export interface Stage {
  level: "per_person" | "shared_user";
  /** The folder to bind as /etc. */
  etc(): string;
  ripgrep_folder: string | null;
  idsOf(person_uid_number: number): { uid: number; gid: number } | null;
  /** Resolves with the path to bind; rejects with the reason. */
  attach(folder: StagedFolder): Promise<string>;
  /** Undoes `attach`, so that the id can be attached anew. */
  detach(folder: StagedFolder): Promise<void>;
}

export function openUserStage(run_folder: string, ripgrep_path: string | null): Stage {
  return {
    level: "shared_user",
    etc: keepEtc(run_folder),
    ripgrep_folder: ripgrep_path === null ? null : dirname(realpathSync(ripgrep_path)),
    idsOf: () => null,
    attach: async (folder) => folder.path,
    detach: async () => {},
  };
}

/** Call as root, in a mount namespace that no other process shares: rejects otherwise. */
export async function openRootStage(
  parent_pid: number,
  ripgrep_path: string | null,
): Promise<Stage> {
  if (mountNamespace("self") === mountNamespace(String(parent_pid))) {
    throw new Error("the executor has no mount namespace of its own (unshare --mount failed)");
  }
  const options = "mode=0755,nosuid,nodev,size=64m";
  await runTool("mount", ["-t", "tmpfs", "-o", options, "mainstay", ROOT_STAGE]);
  return {
    level: "per_person",
    etc: keepEtc(ROOT_STAGE),
    ripgrep_folder: ripgrep_path === null ? null : copyRipgrep(ripgrep_path),
    idsOf(person_uid_number) {
      const id = FIRST_PERSON_UID + person_uid_number;
      return { uid: id, gid: id };
    },
    async attach({ id, descriptor, owner, person_uid_number }) {
      const target = `${ROOT_STAGE}/workspace-${id}`;
      mkdirSync(target, { recursive: true });
      const ids = [owner.uid, owner.gid, FIRST_PERSON_UID + person_uid_number].map(String);
      await runTool("perl", [IDMAP, ...ids, target], descriptor);
      return target;
    },
    detach: ({ id }) => runTool("umount", ["--lazy", `${ROOT_STAGE}/workspace-${id}`]),
  };
}

function mountNamespace(pid: string): string {
  return readlinkSync(`/proc/${pid}/ns/mnt`);
}

/** A copy, because the original may lie below folders that are closed to everybody but root. */
function copyRipgrep(original: string): string {
  const folder = `${ROOT_STAGE}/ripgrep`;
  mkdirSync(folder);
  copyFileSync(original, `${folder}/rg`);
  for (const made of [folder, `${folder}/rg`]) chmodSync(made, 0o755);
  return folder;
}
