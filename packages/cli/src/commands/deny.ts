import { Command } from "commander";
import { exit } from "../exit.ts";
import type { WithServer } from "../program.ts";
import { commandLine } from "../terminal/escape.ts";
import type { Screen } from "../terminal/screen.ts";

export function denyCommand(parts: { withServer: WithServer; screen: Screen }): Command {
  const { withServer, screen } = parts;
  return new Command("deny")
    .description("refuse what a turn wants to run; the turn goes on without it")
    .argument("<approval-id>")
    .option("--json", "print the approval as JSON")
    .addHelpText(
      "after",
      "\nExample:\n  $ mainstay approvals\n  $ mainstay deny apr_0123456789abcdef",
    )
    .action((approval_id: string, { json }: { json?: boolean }) =>
      withServer(async (client) => {
        const approval = await client.approvals.decide(approval_id, "deny");
        if (json) screen.json(approval);
        else screen.print(`Denied: ${commandLine(approval.command)}`);
        if (!json)
          screen.note(`Its turn goes on without it: mainstay status ${approval.turn_id}`, "dim");
        return exit.ok;
      }),
    );
}
