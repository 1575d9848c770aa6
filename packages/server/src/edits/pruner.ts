import type { Clock } from "@mainstay/sdk/clock";
import { messageOf } from "../kernel/errors.ts";
import type { Actor } from "../kernel/lifecycle.ts";
import type { Log } from "../telemetry/log.ts";
import type { Backups } from "./edit-files.ts";

const PRUNE_EVERY_MS = 600_000;

export interface PrunerParts {
  readonly backups: Pick<Backups, "prune">;
  readonly clock: Clock;
  readonly log: Log;
}

/** Holds what is kept of files to its budget, from the start on; nobody waits for it. */
export function createPruner({ backups, clock, log }: PrunerParts): Actor {
  let live = false;
  let cancel = () => {};
  let pruning: Promise<void> = Promise.resolve();

  async function prune(): Promise<void> {
    try {
      await backups.prune();
    } catch (fault) {
      log.error({ fault: messageOf(fault) }, "backups could not be pruned; trying again");
    }
    if (live) cancel = clock.after(PRUNE_EVERY_MS, next);
  }

  function next(): void {
    pruning = prune();
  }

  return {
    start() {
      if (live) return;
      live = true;
      next();
    },
    async stop() {
      live = false;
      cancel();
      await pruning;
    },
  };
}
