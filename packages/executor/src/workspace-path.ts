/** Which folders may be a workspace: a pure rule over canonical paths. */
import { isAbsolute, resolve } from "node:path";

/** The sandbox mounts its own things at or below these. */
const SYSTEM = ["/bin", "/boot", "/dev", "/etc", "/lib", "/lib32", "/lib64", "/libx32"].concat([
  "/proc",
  "/run/mainstay",
  "/sbin",
  "/sys",
  "/usr",
  "/opt/mainstay",
]);
/** A workspace may lie below these, but not take their place. */
const CROWDED = ["/home", "/home/agent", "/opt", "/root", "/run", "/tmp", "/var", "/var/tmp"];

/** Why `folder` may not be registered, or null. `home` is the data folder, canonical too. */
export function refusePath(folder: string, home: string): { code: string; why: string } | null {
  if (!isAbsolute(folder) || resolve(folder) !== folder || folder.includes("\0")) {
    return { code: "not_canonical", why: `${folder} is no absolute, normalised path` };
  }
  if (lies(home, folder)) {
    return { code: "home_folder", why: `${folder} is or holds Mainstay's data folder` };
  }
  if (lies(folder, home) && !lies(folder, `${home}/workspaces`, "strictly")) {
    return { code: "home_folder", why: `${folder} lies in Mainstay's data folder` };
  }
  if (CROWDED.includes(folder) || SYSTEM.some((s) => lies(s, folder) || lies(folder, s))) {
    return { code: "system_folder", why: `${folder} belongs to the system` };
  }
  return null;
}

function lies(inner: string, outer: string, how: "strictly" | "or is it" = "or is it"): boolean {
  if (inner === outer) return how === "or is it";
  return inner.startsWith(outer === "/" ? "/" : `${outer}/`);
}
