import { liesIn, systemFolderOf } from "@mainstay/executor/system-folders";
import { Refusal } from "../kernel/errors.ts";
import type { WorkspaceRoot } from "../kernel/workspace.ts";
import type { Person } from "./authentication.ts";

type Folder = Pick<WorkspaceRoot, "path" | "owner_uid">;

export interface FolderSurroundings {
  readonly home: string;
  readonly local_homes: readonly string[];
}

/**
 * What may not be a workspace: whoever works there would reach the server's own data, the system, or
 * all that a person keeps.
 *
 * @throws Refusal `workspace_refused`, with what to do instead
 */
export function checkFolder(person: Person, folder: Folder, around: FolderSurroundings): void {
  const { path } = folder;
  if (path === "/") throw refused("`/` is the whole machine", "name a project's folder");
  const personal = around.local_homes.find((one) => liesIn(one, path));
  if (personal !== undefined) {
    throw refused(`it holds the home folder \`${personal}\``, "name a project's folder within it");
  }
  const system = systemFolderOf(path);
  if (system !== null) {
    throw refused(`it is part of the system's \`${system}\``, "use a folder of your own");
  }
  if (liesIn(path, around.home) || liesIn(around.home, path)) {
    throw refused("Mainstay keeps its data there", "use a folder apart from it");
  }
  if (folder.owner_uid === 0 && person.role !== "admin") {
    throw refused("it belongs to root", "ask an admin to register it");
  }
}

export const refused = (reason: string, fix: string): Refusal =>
  new Refusal("workspace_refused", `This folder cannot be a workspace: ${reason}; ${fix}.`);
