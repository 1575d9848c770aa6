import type { Client } from "@mainstay/sdk/client";
import type { Command, CommandEvent } from "@mainstay/sdk/commands";
import type { Interrupts } from "../terminal/interrupts.ts";
import type { Screen } from "../terminal/screen.ts";
import { createCommandOutput, whole } from "./command-output.ts";
import { createConnectionLine } from "./connection-line.ts";
import { freshOutput } from "./live-output.ts";
import { progressText } from "./progress-text.ts";

export interface FollowCommandParts {
  client: Pick<Client, "commands">;
  screen: Screen;
  interrupts: Interrupts;
}

/**
 * Shows a command while it runs: the tail of what it printed, what it prints, and on a terminal how
 * far it is. Ctrl-C leaves it running. Resolves with the command as it ended, undefined where the
 * person left before.
 */
export async function followCommand(
  command_id: string,
  { client, screen, interrupts }: FollowCommandParts,
  hear: (event: CommandEvent) => void,
): Promise<Command | undefined> {
  const leave = new AbortController();
  const stop = interrupts.listen(() => leave.abort());
  const { on_lost, on_back } = createConnectionLine({ screen, asker: undefined });
  const outage = { signal: leave.signal, on_lost, on_back };
  try {
    for await (const event of client.commands.events(command_id, outage)) {
      hear(event);
      if (event.type === "ended") return event.command;
    }
    return undefined;
  } finally {
    stop();
  }
}

/** Lines of output to standard output, how far it is in the row below. */
export function createCommandView(screen: Screen) {
  const shown = createCommandOutput((line) => screen.print(line), whole);
  let end = 0;
  return (event: CommandEvent): void => {
    switch (event.type) {
      case "snapshot":
        return progress(event.command.progress);
      case "progress":
        return progress(event);
      case "output": {
        const { missed, text, ...known } = freshOutput(end, event);
        end = known.end;
        if (missed > 0) shown.gap(missed, "character");
        return shown.push(text);
      }
      case "ended":
        screen.live(null);
        return shown.end();
    }
  };

  function progress(at: Command["progress"]): void {
    if (at !== null) screen.live(`running for ${progressText(at)}`);
  }
}
