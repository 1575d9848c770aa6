import type { Clock } from "@mainstay/sdk/clock";
import { messageOf } from "../kernel/errors.ts";
import type { Actor } from "../kernel/lifecycle.ts";
import { recurring } from "../kernel/recurring.ts";
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
  let found: BackupsUsage | null = null;
  const pruning = recurring({
    ...{ every_ms: PRUNE_EVERY_MS, clock },
    async look() {
      found = await backups.prune();
    },
    onFault: (fault) =>
      log.error({ fault: messageOf(fault) }, "backups could not be pruned; trying again"),
  });

  return {
    kept: () => found,
    start: () => void pruning.start(),
    stop: pruning.stop,
  };
}
