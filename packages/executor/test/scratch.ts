import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { signTicket, type Ticket } from "../src/ticket.ts";
import { onTestFinished } from "vitest";

/** An empty data folder, gone with the test. */
export function scratchHome(): string {
  const home = mkdtempSync(join(tmpdir(), "mainstay-home-"));
  onTestFinished(() => rmSync(home, { recursive: true, force: true }));
  return home;
}

export const ticket_key = Buffer.alloc(32, 7);

/** Of the workspace "w"; its nonce follows from its id. `expires_at` is wall time. */
export function ticketFor(command_id: string, expires_at: number, script = "true"): Ticket {
  return signTicket(ticket_key, {
    plan: {
      ...{ command_id, person_id: "ada", person_uid_number: 1, workspace_id: "w" },
      run: { kind: "script", script },
      profile: "agent",
      pins: [],
      network: null,
      openings: [],
      limits: { wall_ms: 1000, output_bytes: 1024 },
    },
    consent: { verdict: "safe", kind: "policy", decided_by: "test", agreement_id: null },
    expires_at,
    nonce: `nonce-of-${command_id}`.padEnd(32, "-"),
  });
}
