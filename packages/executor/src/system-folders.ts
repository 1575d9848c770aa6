/** The one list of folders that no workspace may be, for whoever registers and whoever binds. */

/** Programs and state of the host, over which the sandbox also mounts its own. */
const SYSTEM_FOLDERS = [
  "/bin",
  "/boot",
  "/dev",
  "/etc",
  "/lib",
  "/lib32",
  "/lib64",
  "/libx32",
  "/proc",
  // Below it lie the sockets of services: a session's bus, a container engine.
  "/run",
  "/sbin",
  "/sys",
  "/usr",
];
/** A workspace may lie below these, but not take their place. */
const SHARED_FOLDERS = ["/home", "/home/agent", "/opt", "/root", "/tmp", "/var", "/var/tmp"];

/** The folder of the system that `folder` is, lies in or holds; null where it is apart from all. */
export function systemFolderOf(folder: string): string | null {
  const shared = SHARED_FOLDERS.find((one) => one === folder);
  const touched = SYSTEM_FOLDERS.find((one) => liesIn(folder, one) || liesIn(one, folder));
  return shared ?? touched ?? null;
}

/** Whether a canonical path is `folder` or below it. */
export function liesIn(path: string, folder: string): boolean {
  return path === folder || path.startsWith(folder === "/" ? "/" : `${folder}/`);
}
