import type { Client } from "@mainstay/sdk/client";
import { Command } from "commander";
import { turnChangeLines } from "../conversation/change-lines.ts";
import { turnJournal } from "../conversation/turn-journal.ts";
import { exit } from "../exit.ts";
import type { WithServer } from "../program.ts";
import { createStory } from "../story.ts";
import type { Screen } from "../terminal/screen.ts";

export function whyCommand(parts: { withServer: WithServer; screen: Screen }): Command {
  const { withServer, screen } = parts;
  return new Command("why")
    .description(
      "tell the story of a turn from its journal: every decision, its reason, what changed",
    )
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
        if (!json) await tellChanges(turn_id, client, screen);
        return exit.ok;
      }),
    );
}

async function tellChanges(turn_id: string, client: Client, screen: Screen): Promise<void> {
  const changes = await client.turns.changes(turn_id);
  if (changes.sources.length === 0) return;
  screen.print("\nWhat it changed, by its edits and its commands:");
  turnChangeLines(changes).forEach((line) => screen.print(`  ${line}`));
}
