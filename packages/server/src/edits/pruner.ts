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

export interface Pruner extends Actor {
  /** As the last look found it, which costs nothing; null where none has succeeded yet. */
  kept(): BackupsUsage | null;
}

type BackupsUsage = Awaited<ReturnType<Backups["prune"]>>;

/** Holds what is kept of files to its budget, from the start on; nobody waits for it. */
export function createPruner({ backups, clock, log }: PrunerParts): Pruner {
  let live = false;
  let found: BackupsUsage | null = null;
  let cancel = () => {};
  let pruning: Promise<void> = Promise.resolve();

  async function prune(): Promise<void> {
    try {
      found = await backups.prune();
    } catch (fault) {
      log.error({ fault: messageOf(fault) }, "backups could not be pruned; trying again");
    }
    if (live) cancel = clock.after(PRUNE_EVERY_MS, next);
  }

  function next(): void {
    pruning = prune();
  }

  return {
    kept: () => found,
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
