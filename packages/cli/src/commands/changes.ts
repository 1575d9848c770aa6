import { Command } from "commander";
import { turnChangeLines } from "../conversation/change-lines.ts";
import { exit } from "../exit.ts";
import type { WithServer } from "../program.ts";
import type { Screen } from "../terminal/screen.ts";

export function changesCommand(parts: { withServer: WithServer; screen: Screen }): Command {
  const { withServer, screen } = parts;
  return new Command("changes")
    .description("tell what a turn changed in its workspace, by its edits and its commands")
    .argument("<turn-id>")
    .option("--json", "print the changes, with hashes before and after, as JSON")
    .addHelpText("after", "\nExample:\n  $ mainstay changes turn_0123456789abcdef")
    .action((turn_id: string, { json }: { json?: boolean }) =>
      withServer(async (client) => {
        const changes = await client.turns.changes(turn_id);
        if (json) screen.json(changes);
        else turnChangeLines(changes).forEach((line) => screen.print(line));
        return exit.ok;
      }),
    );
}
