import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { systemClock } from "@mainstay/sdk/clock";
import { type Backups, openBackups } from "../../packages/server/src/files/backups.ts";
import type { Applied, Change, EditPlan } from "../../packages/server/src/files/edit.ts";
import { planEdit } from "../../packages/server/src/files/plan/plan-edit.ts";
import { FileRefused } from "../../packages/server/src/files/refused.ts";
import { applyEdit } from "../../packages/server/src/files/transaction/apply.ts";
import type { Root } from "../../packages/server/src/files/walk.ts";
import { newId } from "../../packages/server/src/kernel/ids.ts";
import { memory, withFolder } from "./places.ts";
import { rootOf } from "./scene.ts";

/** A workspace that has an empty folder `d`, and an empty folder beside it. */
export interface Workspace {
  readonly root: Root;
  readonly outside: string;
  readonly backups: Backups;
}

export const withWorkspace = (use: (workspace: Workspace) => Promise<void>): Promise<void> =>
  withFolder(memory, async (above) => {
    const folder = join(above, "ws");
    const outside = join(above, "outside");
    mkdirSync(join(folder, "d"), { recursive: true });
    mkdirSync(outside);
    const budget = { bytes: 2 ** 30, days: 30 };
    const kept = { folder: join(above, "backups"), clock: systemClock, budget };
    const root = rootOf({ folder, backups: kept.folder });
    await use({ root, outside, backups: openBackups(kept) });
  });

export const planned = ({ root }: Workspace, ...changes: Change[]): EditPlan =>
  planEdit(root, changes, newId("edit"));

export const applied = ({ root, backups }: Workspace, plan: EditPlan): Promise<Applied> =>
  applyEdit(root, plan, backups);

export const edit = async (workspace: Workspace, ...changes: Change[]): Promise<Applied> =>
  applied(workspace, planned(workspace, ...changes));

/** Null when it was done; whatever is no refusal is thrown. */
export async function refusalOf(attempt: () => unknown): Promise<FileRefused | null> {
  try {
    await attempt();
    return null;
  } catch (fault) {
    if (fault instanceof FileRefused) return fault;
    throw fault;
  }
}
