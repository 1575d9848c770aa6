/**
 * What a dead executor left behind is brought to an end before this one accepts anything:
 * `started` alone never got its go, so it certainly did not run; `released` may have run in part,
 * and its spool has what it printed.
 * A bubblewrap whose monitor died between clone and the id map waits for ever, without effect, and it
 * may be unknown to any marker, as it was made while its ticket burned: it is found by the name that
 * its gate carries.
 */
import type { Clock } from "@mainstay/sdk/clock";
import type { CommandEnd } from "./command.ts";
import type { Ledger } from "./ledger/ledger.ts";
import type { LedgerRow } from "./ledger/row.ts";
import { MARKER, markedTree } from "./marked-tree.ts";
import { type ProcessIdentity, untilGone, type ProcessTable } from "./process-table.ts";
import type { GateName } from "./sandbox/gate.ts";
import type { Spool, Spooled } from "./spool/spool.ts";

const DYING_LIMIT_MS = 5_000;

interface RecoveryParts {
  ledger: Ledger;
  spool: Spool;
  processes: ProcessTable;
  gateName: GateName;
  clock: Clock;
  log(text: string): void;
}

/** Resolves with how many commands were ended, once all their processes are gone. */
export async function recover(parts: RecoveryParts): Promise<number> {
  const open = parts.ledger.open();
  const marked = open.length === 0 ? new Map() : parts.processes.findByVariable(MARKER);
  await Promise.all(
    open.map(async (row) => {
      const { command_id } = row;
      // Without a sandbox it is more than its first process.
      const tree = marked.has(command_id)
        ? { processes: markedTree(parts.processes, command_id) }
        : {};
      const end = await settle(row, { ...parts, ...tree });
      await parts.ledger.end(row.command_id, end, parts.clock.now());
    }),
  );
  await sweep(parts);
  parts.spool.clear();
  return open.length;
}

/** What no marker knows. It belongs to nobody, as the lock on the ledger is ours. */
async function sweep(parts: RecoveryParts): Promise<void> {
  const left = parts.processes.findByArgument((name) => name.startsWith(parts.gateName("")));
  if (left.length === 0) return;
  const rest = await bury(left, parts);
  parts.log(`found ${left.length} processes of sandboxes that nobody waits for: ${rest}`);
}

async function settle(
  { command_id, markers }: LedgerRow,
  parts: RecoveryParts,
): Promise<CommandEnd> {
  switch (markers.state) {
    case "ended":
      return markers.end;
    case "started":
      return {
        outcome: "interrupted",
        ran: "no",
        why: "the executor died before the command was let go; it did not run",
      };
    case "released": {
      const rest = await bury([markers.process], parts);
      const why = `the executor died while the command ran; ${rest}; how far it got is unknown`;
      const is_synced = markers.process.boot_id === parts.processes.boot_id;
      return interrupted(why, parts.spool.read(command_id), is_synced);
    }
    case "damaged": {
      const name = parts.gateName(command_id);
      const named = parts.processes.findByArgument((argument) => argument === name);
      const why = `${markers.why}; ${await bury(named, parts)}`;
      return interrupted(why, parts.spool.read(command_id), false);
    }
  }
}

async function bury(
  found: ProcessIdentity[],
  { processes, clock }: RecoveryParts,
): Promise<string> {
  const resists = () => {
    found.forEach(processes.kill);
    return found.some(processes.isAlive);
  };
  const gone = await untilGone(resists, clock, DYING_LIMIT_MS, processes.look_ms);
  return gone ? "nothing of it is left running" : "it resists being killed";
}

/** `is_synced`: the host has not gone down since, with the last of the spool. */
function interrupted(why: string, spooled: Spooled | null, is_synced: boolean): CommandEnd {
  if (spooled === null) return { outcome: "interrupted", ran: "maybe", why };
  return {
    outcome: "interrupted",
    ran: "maybe",
    why: spooled.damage === null ? why : `${why}; ${spooled.damage}`,
    output: spooled.output,
    output_truncated: spooled.output_truncated || !is_synced,
  };
}
