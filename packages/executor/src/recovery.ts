/**
 * What a dead executor left behind is brought to an end before this one accepts anything:
 * `started` alone never got its go, so it certainly did not run; `released` may have run in part.
 * A bubblewrap whose monitor died between clone and the id map waits for ever, without effect and
 * unknown to any marker: it is found by the name that its gate carries.
 */
import type { Clock } from "@mainstay/sdk/clock";
import type { CommandEnd } from "./command.ts";
import { gateName } from "./sandbox/gate.ts";
import type { Ledger, LedgerRow } from "./ledger.ts";
import { untilGone, type ProcessTable } from "./process-table.ts";

const DYING_LIMIT_MS = 5_000;

/** Resolves with how many commands were ended, once all their processes are gone. */
export async function recover(parts: {
  ledger: Ledger;
  processes: ProcessTable;
  clock: Clock;
}): Promise<number> {
  const open = parts.ledger.open();
  await Promise.all(
    open.map(async (row) => parts.ledger.end(row.command_id, await settle(row, parts))),
  );
  return open.length;
}

async function settle(
  { command_id, markers }: LedgerRow,
  { processes, clock }: { processes: ProcessTable; clock: Clock },
): Promise<CommandEnd> {
  switch (markers.state) {
    case "ended":
      return markers.end;
    case "started":
      processes.findByArgument(gateName(command_id)).forEach(processes.kill);
      return {
        outcome: "interrupted",
        ran: "no",
        why: "the executor died before the command was let go; it did not run",
      };
    case "released": {
      processes.kill(markers.process);
      const gone = await untilGone(() => processes.isAlive(markers.process), clock, DYING_LIMIT_MS);
      const rest = gone ? "nothing of it is left running" : "it resists being killed";
      const why = `the executor died while the command ran; ${rest}; how far it got is unknown`;
      return { outcome: "interrupted", ran: "maybe", why };
    }
  }
}
