import { existsSync, mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "@mainstay/sdk/clock";
import { openBackups } from "../../packages/server/src/files/backups.ts";
import type { Settled } from "../../packages/server/src/files/edit.ts";
import { settleEdit } from "../../packages/server/src/files/transaction/settle.ts";
import { layOut, recordOf, rootOf, type Scene } from "./scene.ts";
import type { Editor, Heard, Order } from "./editor.ts";

/** Where a sync costs nothing: a fault of a call or of a process needs no disk. */
export const memory = existsSync("/dev/shm") ? "/dev/shm" : tmpdir();

/** Lends an empty folder, which goes with everything in it. */
export async function withFolder<T>(above: string, use: (folder: string) => Promise<T>) {
  const folder = realpathSync(mkdtempSync(join(above, "mainstay-edits-")));
  try {
    return await use(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Lends a workspace as it is after edit `n`, beside backups that are empty. */
export const withScene = <T>(above: string, n: number, use: (scene: Scene) => Promise<T>) =>
  withFolder(above, async (folder) => {
    const scene = { folder: join(folder, "ws"), backups: join(folder, "backups") };
    layOut(scene, n);
    return use(scene);
  });

export const orderOf = (what: Order["what"], scene: Scene, n: number, by?: Order["by"]): Order => ({
  what,
  scene,
  root: rootOf(scene),
  n,
  ...(by && { by }),
});

/** The look that a start makes at edit `n`, by this process. */
export function settle(scene: Scene, n: number): Promise<Settled> {
  const budget = { bytes: 2 ** 30, days: 30 };
  const backups = openBackups({ folder: scene.backups, clock: systemClock, budget });
  return settleEdit(rootOf(scene), recordOf(n), backups);
}

/** One edit that nothing disturbs, so that all it needs is loaded and its threads have begun. */
export const warm = (editor: Editor, above: string, by?: Order["by"]): Promise<Heard> =>
  withScene(above, 0, async (scene) => {
    await editor.order(orderOf("open", scene, 1));
    return editor.order(orderOf("apply", scene, 1, by));
  });
