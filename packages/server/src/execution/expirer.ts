import type { Clock } from "@mainstay/sdk/clock";
import { messageOf } from "../kernel/errors.ts";
import type { Actor } from "../kernel/lifecycle.ts";
import { recurring } from "../kernel/recurring.ts";
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
  const looking = recurring({
    ...{ every_ms: LOOK_EVERY_MS, clock },
    look: async () => void (await approvals.expire()),
    onFault: (fault) =>
      log.error({ fault: messageOf(fault) }, "approvals could not be expired; trying again"),
  });
  return { start: () => void looking.start(), stop: looking.stop };
}
