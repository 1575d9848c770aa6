import { existsSync } from "node:fs";
import { join } from "node:path";
import { closeExecutor } from "@mainstay/executor/launch";
import type { Clock } from "@mainstay/sdk/clock";
import { lockFolder } from "../store/folder-lock.ts";

/**
 * Ends the executor that a server left behind, and the commands that run in it. Resolves with
 * whether there was one, when its process is gone.
 *
 * The lock of the data folder is held meanwhile: no server can take that executor over.
 *
 * @throws DataFolderBusy where a server has the folder.
 */
export async function endExecutor(home: string, clock: Clock): Promise<boolean> {
  if (!existsSync(join(home, "run", "executor.sock"))) return false;
  const lock = await lockFolder(home, clock);
  try {
    return await closeExecutor({ home, epoch: lock.incarnation, clock });
  } finally {
    lock.release();
  }
}
