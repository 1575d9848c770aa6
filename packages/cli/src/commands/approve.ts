import { Command } from "commander";
import { rememberedLine } from "../conversation/consent.ts";
import { exit } from "../exit.ts";
import type { WithServer } from "../program.ts";
import { commandLine } from "../terminal/escape.ts";
import type { Screen } from "../terminal/screen.ts";

export function approveCommand(parts: { withServer: WithServer; screen: Screen }): Command {
  const { withServer, screen } = parts;
  return new Command("approve")
    .description("agree to what a turn wants to run")
    .argument("<approval-id>")
    .option("--remember", "and do not ask for it again: make a rule of it")
    .option("--json", "print the approval as JSON")
    .addHelpText("after", examples)
    .action((approval_id: string, { remember, json }: { remember?: boolean; json?: boolean }) =>
      withServer(async (client) => {
        const how = remember ? { remember } : {};
        const approval = await client.approvals.decide(approval_id, "approve", how);
        if (json) screen.json(approval);
        else screen.print(`Approved: ${commandLine(approval.command)}`);
        if (json) return exit.ok;
        if (remember) screen.print(rememberedLine(approval));
        screen.note(`Its turn goes on with it: mainstay status ${approval.turn_id}`, "dim");
        return exit.ok;
      }),
    );
}

const examples = `
Examples:
  $ mainstay approvals
  $ mainstay approve apr_0123456789abcdef
  $ mainstay approve apr_0123456789abcdef --remember    # takes back: mainstay rules remove ID`;
