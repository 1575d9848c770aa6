/** Which folders may be a workspace: a pure rule over canonical paths. */
import { isAbsolute, resolve } from "node:path";
import { liesIn, systemFolderOf } from "./system-folders.ts";

/** Why `folder` may not be registered, or null. `home` is the data folder, canonical too. */
export function refusePath(folder: string, home: string): { code: string; why: string } | null {
  if (!isAbsolute(folder) || resolve(folder) !== folder || folder.includes("\0")) {
    return { code: "not_canonical", why: `${folder} is no absolute, normalised path` };
  }
  if (liesIn(home, folder)) {
    return { code: "home_folder", why: `${folder} is or holds Mainstay's data folder` };
  }
  if (liesIn(folder, home) && !folder.startsWith(`${home}/workspaces/`)) {
    return { code: "home_folder", why: `${folder} lies in Mainstay's data folder` };
  }
  const system = systemFolderOf(folder);
  if (system === null) return null;
  return { code: "system_folder", why: `${folder} belongs to the system's ${system}` };
}
