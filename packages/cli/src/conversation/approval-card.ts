import type { Approval } from "@mainstay/sdk/resources";
import { escapeCommand, escapePath, oneLine } from "../terminal/escape.ts";
import type { Screen } from "../terminal/screen.ts";

/** Shows exactly what would run, where and with what reach. Nothing of the command is left out. */
export function showApproval(screen: Screen, approval: Approval): void {
  screen.note(`Mainstay asks to run this: ${oneLine(approval.intent)}`, "strong");
  for (const line of escapeCommand(approval.command).split("\n")) screen.note(`    ${line}`);
  screen.note(`  in      ${escapePath(approval.workspace_path)}`);
  screen.note(`  reach   ${oneLine(approval.reach)}`);
  screen.note(`  why     ${oneLine(approval.reason)}`);
}
