/** Opens the mount namespace in which one workspace's sandboxes are made (`mount-namespace.pl`). */
import { spawn } from "node:child_process";
import { openSync } from "node:fs";
import { fileURLToPath } from "node:url";

const PROGRAM = fileURLToPath(new URL("mount-namespace.pl", import.meta.url));
const SAID_LIMIT_CHARS = 4_096;

/** Where `mount-namespace.pl` puts what it makes. */
export const NAMESPACE_ROOT = "/sandbox";
export const NAMESPACE_WORKSPACE = "/workspace";

export interface NamespaceContent {
  /** The folder, held open, and where it appears inside. */
  workspace: { descriptor: number; path: string };
  owner: { uid: number; gid: number };
  /** The owner's files appear as this uid's and gid's. */
  shown_id: number;
  etc_folder: string;
  ripgrep_folder: string | null;
}

/** Resolves with a descriptor, which is the caller's to close and is all that the namespace lives by. */
export function openMountNamespace(content: NamespaceContent): Promise<number> {
  const { workspace, owner, shown_id, etc_folder, ripgrep_folder } = content;
  const ids = [owner.uid, owner.gid, shown_id].map(String);
  return new Promise((resolve, reject) => {
    const args = [PROGRAM, ...ids, workspace.path, etc_folder, ripgrep_folder ?? ""];
    const child = spawn("perl", args, {
      cwd: "/",
      env: { PATH: "/usr/sbin:/usr/bin:/sbin:/bin" },
      stdio: ["pipe", "pipe", "pipe", workspace.descriptor],
    });
    let complaint = "";
    child.stderr!.setEncoding("utf8").on("data", (text: string) => {
      complaint = (complaint + text).slice(0, SAID_LIMIT_CHARS);
    });
    child.stdin!.on("error", () => {}); // it has ended, and says why
    child.stdout!.once("data", () => {
      try {
        resolve(openSync(`/proc/${child.pid}/ns/mnt`, "r"));
      } catch (error) {
        reject(error as Error);
      }
      child.stdin!.end();
    });
    child.once("error", (error) => reject(new Error(`perl: ${error.message}`)));
    child.once("close", (code) => reject(new Error(`perl: ${complaint.trim() || `exit ${code}`}`)));
  });
}
