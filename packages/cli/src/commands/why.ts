import { Command } from "commander";
import { turnJournal } from "../conversation/turn-journal.ts";
import { exit } from "../exit.ts";
import type { WithServer } from "../program.ts";
import { createStory } from "../story.ts";
import type { Screen } from "../terminal/screen.ts";

export function whyCommand(parts: { withServer: WithServer; screen: Screen }): Command {
  const { withServer, screen } = parts;
  return new Command("why")
    .description("tell the story of a turn from its journal: every decision and its reason")
    .argument("<turn-id>")
    .option("--json", "print the journal's events as lines of JSON")
    .addHelpText("after", "\nExample:\n  $ mainstay why turn_0123456789abcdef")
    .action((turn_id: string, { json }: { json?: boolean }) =>
      withServer(async (client) => {
        const linesOf = createStory();
        for await (const event of turnJournal(client, turn_id)) {
          if (json) screen.json(event);
          else linesOf(event).forEach((line) => screen.print(line));
        }
        return exit.ok;
      }),
    );
}
