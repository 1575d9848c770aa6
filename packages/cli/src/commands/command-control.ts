import { ProblemError } from "@mainstay/sdk/call";
import type { Client } from "@mainstay/sdk/client";
import { Command } from "commander";
import { standingOf } from "../conversation/command-lines.ts";
import { span } from "../conversation/progress-text.ts";
import { exit, type ExitCode } from "../exit.ts";
import type { WithServer } from "../program.ts";
import { parseDuration } from "../terminal/duration.ts";
import type { Screen } from "../terminal/screen.ts";

interface ControlParts {
  withServer: WithServer;
  screen: Screen;
}

export function cancelCommandCommand({ withServer, screen }: ControlParts): Command {
  return new Command("cancel")
    .description("stop one, with all that it started; its turn goes on")
    .argument("<command-id>")
    .option("--json", "print the command as JSON")
    .addHelpText("after", "\nExample:\n  $ mainstay commands cancel cmd_0123456789abcdef")
    .action((command_id: string, { json }: { json?: true }) =>
      withServer((client) =>
        whileItRuns(command_id, { client, screen }, async () => {
          const command = await client.commands.cancel(command_id);
          if (json) screen.json(command);
          else screen.print(command.outcome ? standingOf(command) : "It is being stopped.");
        }),
      ),
    );
}

export function extendCommandCommand({ withServer, screen }: ControlParts): Command {
  return (
    new Command("extend")
      .description("give one that runs more time")
      .argument("<command-id>")
      .argument("<time>", "how much more: 90s, 10m, 1h30m; at most 24h", parseDuration)
      // So that -5m is told to be no time.
      .allowUnknownOption()
      .option("--json", "print the command as JSON")
      .addHelpText("after", "\nExample:\n  $ mainstay commands extend cmd_0123456789abcdef 10m")
      .action((command_id: string, for_s: number, { json }: { json?: true }) =>
        withServer((client) =>
          whileItRuns(command_id, { client, screen }, async () => {
            const command = await client.commands.extend(command_id, { for_s });
            if (json) screen.json(command);
            else screen.print(`Its time is up ${span(command.wall_ms)} after it began.`);
          }),
        ),
      )
  );
}

/** Of one that has ended it says how: whoever wanted it stopped or longer wants to know. */
async function whileItRuns(
  command_id: string,
  { client, screen }: { client: Client; screen: Screen },
  act: () => Promise<void>,
): Promise<ExitCode> {
  try {
    await act();
    return exit.ok;
  } catch (fault) {
    if (!(fault instanceof ProblemError) || fault.problem.code !== "command_ended") throw fault;
    const command = await client.commands.get(command_id);
    screen.note(`It has ended already: ${standingOf(command)}`, "bad");
    return exit.failed;
  }
}
