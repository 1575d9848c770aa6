import type { Client } from "@mainstay/sdk/client";
import type { Approval } from "@mainstay/sdk/resources";
import type { Turn } from "@mainstay/sdk/turn";
import type { Asker } from "../terminal/line-reader.ts";
import type { Screen } from "../terminal/screen.ts";
import { commandLine } from "../terminal/escape.ts";
import { printApproval } from "./approval-card.ts";
import type { ApprovalNotices } from "./approval-notices.ts";
import { askConsent } from "./consent.ts";
import { type PatientParts, patientClient } from "./patient-client.ts";
import { wholeList } from "./whole-list.ts";

export interface DecidePendingParts extends PatientParts {
  asker: Asker;
  notices: ApprovalNotices;
  /** Called after each decision with the turn as it was before it. */
  decided(before: Turn): Promise<void>;
}

/** Shows what waits for the person's consent, one after another, and asks. Ctrl-C leaves the rest. */
export async function decidePending(
  waiting: readonly Approval[],
  parts: DecidePendingParts,
): Promise<void> {
  const { notices } = parts;
  const client = patientClient(parts);
  const decideConsent = askConsent({ ...parts, client });
  for (const { id, turn_id } of waiting) {
    const turn = await client.turns.get(turn_id);
    const withdrawal = notices.withdrawalOf(id);
    notices.told(id, "decides");
    const consent = await decideConsent(id, withdrawal);
    if (consent === "approved" || consent === "denied") await parts.decided(turn);
    if (consent === "later" || consent === "interrupted") notices.told(id, "waits");
    if (consent === "interrupted") return;
  }
}

/** `1 of 2  apr_1  npm test`: what is going to be asked, a line each. */
export function listPending(waiting: readonly Approval[], screen: Screen): void {
  if (waiting.length === 0) screen.note("Nothing waits for your consent.");
  for (const [i, { id, command }] of waiting.entries())
    screen.note(`${i + 1} of ${waiting.length}  ${id}  ${commandLine(command)}`);
}

/** Without a terminal to ask on: what waits, and how it is decided. */
export async function printPending(client: Client, screen: Screen): Promise<void> {
  const waiting = await pendingOf(client);
  if (waiting.length === 0) screen.note("Nothing waits for your consent.");
  for (const approval of waiting) printWaiting(approval, screen);
}

export function printWaiting(approval: Approval, screen: Screen): void {
  printApproval(screen, approval);
  const remember = approval.rule === null ? "" : " [--remember]";
  screen.print(`  mainstay approve ${approval.id}${remember}    mainstay deny ${approval.id}`);
}

export async function pendingOf(client: Client): Promise<Approval[]> {
  const { items } = await wholeList(client.approvals.list);
  return items.filter(({ state }) => state === "pending");
}
