/**
 * What a dead executor left behind is brought to an end before this one accepts anything:
 * `started` alone never got its go, so it certainly did not run; `released` may have run in part,
 * and its spool has what it printed.
 * A bubblewrap whose monitor died between clone and the id map waits for ever, without effect and
 * unknown to any marker: it is found by the name that its gate carries.
 */
import type { Clock } from "@mainstay/sdk/clock";
import type { CommandEnd } from "./command.ts";
import type { Ledger } from "./ledger/ledger.ts";
import type { LedgerRow } from "./ledger/row.ts";
import { type ProcessIdentity, untilGone, type ProcessTable } from "./process-table.ts";
import { gateName } from "./sandbox/gate.ts";
import type { Spool } from "./spool/spool.ts";

const DYING_LIMIT_MS = 5_000;

interface RecoveryParts {
  ledger: Ledger;
  spool: Spool;
  processes: ProcessTable;
  clock: Clock;
}

/** Resolves with how many commands were ended, once all their processes are gone. */
export async function recover(parts: RecoveryParts): Promise<number> {
  const open = parts.ledger.open();
  await Promise.all(
    open.map(async (row) => parts.ledger.end(row.command_id, await settle(row, parts))),
  );
  parts.spool.clear();
  return open.length;
}

async function settle(
  { command_id, markers }: LedgerRow,
  parts: RecoveryParts,
): Promise<CommandEnd> {
  const named = () => parts.processes.findByArgument(gateName(command_id));
  switch (markers.state) {
    case "ended":
      return markers.end;
    case "started":
      named().forEach(parts.processes.kill);
      return {
        outcome: "interrupted",
        ran: "no",
        why: "the executor died before the command was let go; it did not run",
      };
    case "released": {
      const rest = await bury([markers.process], parts);
      const why = `the executor died while the command ran; ${rest}; how far it got is unknown`;
      return interrupted(why, command_id, parts);
    }
    case "damaged":
      return interrupted(`${markers.why}; ${await bury(named(), parts)}`, command_id, parts);
  }
}

async function bury(
  found: ProcessIdentity[],
  { processes, clock }: RecoveryParts,
): Promise<string> {
  found.forEach(processes.kill);
  const gone = await untilGone(() => found.some(processes.isAlive), clock, DYING_LIMIT_MS);
  return gone ? "nothing of it is left running" : "it resists being killed";
}

function interrupted(why: string, command_id: string, { spool }: RecoveryParts): CommandEnd {
  const spooled = spool.read(command_id);
  if (spooled === null) return { outcome: "interrupted", ran: "maybe", why };
  const { damage, ...printed } = spooled;
  const whole_why = damage === null ? why : `${why}; ${damage}`;
  return { outcome: "interrupted", ran: "maybe", why: whole_why, ...printed };
}
