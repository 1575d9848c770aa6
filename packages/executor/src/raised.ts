/** A command whose sandbox is being made, or stands: what it prints, its bounds, its gate. */
import type { Clock } from "@mainstay/sdk/clock";
import type { Bounds } from "./bounds/bounds.ts";
import { keepPrinted, type Printed, type PrintedParts } from "./printed.ts";
import type { ProcessIdentity } from "./process-table.ts";
import type { Prepared } from "./sandbox/sandbox.ts";
import { type Outcome, type Supervised, supervise } from "./supervise.ts";
import type { Plan } from "./ticket.ts";

export interface Raised {
  plan: Plan;
  printed: Printed;
  supervised: Supervised;
  /** When nothing of it is left, and its bounds are let go of. */
  over: Promise<Outcome>;
  /** Before its gate opens: takes it down. */
  fell(): Promise<void>;
}

export interface RaiseParts extends PrintedParts {
  bounds: Bounds;
  clock: Clock;
  onOutput(command_id: string, offset: number, text: string): void;
}

/**
 * Begins to make the sandbox; `release` is asked for when it stands, and its gate opens when that has
 * resolved.
 */
export function raise(
  plan: Plan,
  prepared: Prepared,
  parts: RaiseParts,
  release: (init: ProcessIdentity) => Promise<void>,
): Raised {
  const { command_id } = plan;
  const printed = keepPrinted(plan, parts, (...piece) => parts.onOutput(command_id, ...piece));
  const hold = parts.bounds.hold({
    ...{ command_id, folders: prepared.writes_to },
    halt: (why) => supervised.halt(why),
  });
  const supervised = supervise(prepared.launch, {
    processes: prepared.processes,
    clock: parts.clock,
    async beforeGo(gate) {
      prepared.inspect(gate);
      await Promise.all([release(gate.init), hold.enter(gate.init)]);
    },
    output: printed,
  });
  const over = supervised.end.then((outcome) => {
    const by_kernel = hold.leave();
    return { ...outcome, halt: outcome.halt ?? by_kernel };
  });
  return {
    ...{ plan, printed, supervised, over },
    async fell() {
      supervised.halt({ cause: "cancelled" });
      await over;
    },
  };
}
