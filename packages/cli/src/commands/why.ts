import type { Client } from "@mainstay/sdk/client";
import { isJournalEvent, type JournalEvent } from "@mainstay/sdk/events";
import { Command } from "commander";
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
        const storyLine = createStory();
        for await (const event of journal(client, turn_id)) {
          if (json) screen.json(event);
          else screen.print(storyLine(event));
        }
        return exit.ok;
      }),
    );
}

/** The journal as it stands now; a turn that goes on is not waited for. */
async function* journal(client: Client, turn_id: string): AsyncGenerator<JournalEvent> {
  const { last_event } = await client.turns.get(turn_id);
  for await (const event of client.events(turn_id, { watch: true })) {
    if (!isJournalEvent(event)) continue;
    yield event;
    if (event.seq >= last_event) return;
  }
}
