import type { Clock } from "@mainstay/sdk/clock";
import { messageOf } from "../kernel/errors.ts";
import type { Actor } from "../kernel/lifecycle.ts";
import type { Log } from "../telemetry/log.ts";
import type { Approvals } from "./approvals.ts";

const LOOK_EVERY_MS = 60_000;

export interface ExpirerParts {
  readonly approvals: Approvals;
  readonly clock: Clock;
  readonly log: Log;
}

/** Turns approvals that nobody answered in time into denials. */
export function createExpirer({ approvals, clock, log }: ExpirerParts): Actor {
  let live = false;
  let cancel = () => {};
  let looking: Promise<void> = Promise.resolve();

  async function look(): Promise<void> {
    try {
      await approvals.expire();
    } catch (fault) {
      log.error({ fault: messageOf(fault) }, "approvals could not be expired; trying again");
    }
    if (live) cancel = clock.after(LOOK_EVERY_MS, next);
  }

  function next(): void {
    looking = look();
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
      await looking;
    },
  };
}
