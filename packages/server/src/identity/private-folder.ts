import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { WorkspaceRoot } from "../kernel/workspace.ts";
import { withFolder } from "./folder.ts";

/** The folder of a private workspace, made where it is missing; open to nobody else. */
export async function privateFolder(home: string, id: string): Promise<WorkspaceRoot> {
  const path = join(home, "workspaces", id);
  await mkdir(path, { recursive: true, mode: 0o700 });
  return withFolder(path, (folder) => Promise.resolve(folder));
}
