/** A row as it is read: its markers, or that it is damaged. */
import type { SQLOutputValue } from "node:sqlite";
import { z } from "zod";
import { CommandEnd } from "../command.ts";
import { ProcessIdentity } from "../process-table.ts";
import { isIntact } from "./seal.ts";

export type Markers =
  | { state: "started" }
  | { state: "released"; process: ProcessIdentity }
  | { state: "ended"; end: CommandEnd }
  | { state: "damaged"; why: string };

export interface LedgerRow {
  command_id: string;
  /** Of the ticket that burned the nonce. */
  mac: string;
  markers: Markers;
}

const Stored = z.object({
  command_id: z.string(),
  mac: z.string(),
  process: z.string().nullable(),
  ended: z.string().nullable(),
  output: z.string().nullable(),
});
type Stored = z.infer<typeof Stored>;

const DAMAGED =
  "what the executor noted of this command is damaged on disk; whether and how far it ran is unknown";

export function readRow(raw: Record<string, SQLOutputValue>): LedgerRow {
  const row = Stored.parse(raw); // STRICT columns: whatever bytes have become, their types hold
  const markers = isIntact(raw) ? readMarkers(row) : ({ state: "damaged", why: DAMAGED } as const);
  return { command_id: row.command_id, mac: row.mac, markers };
}

function readMarkers({ process, ended, output }: Stored): Markers {
  if (ended !== null) {
    const end = CommandEnd.parse({ output: output ?? "", ...JSON.parse(ended) });
    return { state: "ended", end };
  }
  if (process === null) return { state: "started" };
  return { state: "released", process: ProcessIdentity.parse(JSON.parse(process)) };
}
