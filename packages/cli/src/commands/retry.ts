import { Command } from "commander";
import { exit } from "../exit.ts";
import type { WithServer } from "../program.ts";
import type { Screen } from "../terminal/screen.ts";

export function retryCommand(parts: { withServer: WithServer; screen: Screen }): Command {
  const { withServer, screen } = parts;
  return new Command("retry")
    .description("try a parked turn again now")
    .argument("<turn-id>")
    .option("--json", "print the turn as JSON")
    .addHelpText("after", "\nExample:\n  $ mainstay retry turn_0123456789abcdef")
    .action((turn_id: string, { json }: { json?: boolean }) =>
      withServer(async (client) => {
        const turn = await client.turns.retry(turn_id);
        if (json) screen.json(turn);
        else screen.print(`It is tried again: mainstay status ${turn.id}`);
        return exit.ok;
      }),
    );
}
