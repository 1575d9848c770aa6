import { Command } from "commander";
import { showApproval } from "../conversation/approval-card.ts";
import { exit } from "../exit.ts";
import type { WithServer } from "../program.ts";
import type { Screen } from "../terminal/screen.ts";

export function approvalsCommand(parts: { withServer: WithServer; screen: Screen }): Command {
  const { withServer, screen } = parts;
  return new Command("approvals")
    .description("list what waits for your consent")
    .option("--json", "print {items, next} as JSON")
    .addHelpText("after", "\nExample:\n  $ mainstay approvals")
    .action(({ json }: { json?: boolean }) =>
      withServer(async (client) => {
        const list = await client.approvals.list();
        const pending = list.items.filter(({ state }) => state === "pending");
        if (json) screen.json(list);
        else if (pending.length === 0) screen.note("Nothing waits for your consent.");
        else
          for (const approval of pending) {
            showApproval({ ...screen, note: screen.print }, approval);
            screen.print(`  mainstay approve ${approval.id}    mainstay deny ${approval.id}`);
          }
        return exit.ok;
      }),
    );
}
