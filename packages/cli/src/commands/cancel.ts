import { Command } from "commander";
import { tellLeft } from "../conversation/left-to-decide.ts";
import { exit } from "../exit.ts";
import type { WithServer } from "../program.ts";
import type { Screen } from "../terminal/screen.ts";

export function cancelCommand(parts: { withServer: WithServer; screen: Screen }): Command {
  const { withServer, screen } = parts;
  return new Command("cancel")
    .description("ask a turn to end; its commands are stopped")
    .argument("<turn-id>")
    .option("--json", "print the turn as JSON")
    .addHelpText("after", "\nExample:\n  $ mainstay cancel turn_0123456789abcdef")
    .action((turn_id: string, { json }: { json?: boolean }) =>
      withServer(async (client) => {
        const turn = await client.turns.cancel(turn_id);
        if (json) screen.json(turn);
        else screen.print(turn.state === "cancelled" ? "Cancelled." : "It is being cancelled.");
        if (!json) await tellLeft(turn, { client, screen });
        return exit.ok;
      }),
    );
}
