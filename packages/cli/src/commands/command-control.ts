import { Command } from "commander";
import { standingOf } from "../conversation/command-lines.ts";
import { span } from "../conversation/progress-text.ts";
import { exit } from "../exit.ts";
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
      withServer(async (client) => {
        const command = await client.commands.cancel(command_id);
        if (json) screen.json(command);
        else screen.print(command.outcome ? standingOf(command) : "It is being stopped.");
        return exit.ok;
      }),
    );
}

export function extendCommandCommand({ withServer, screen }: ControlParts): Command {
  return new Command("extend")
    .description("give one that runs more time")
    .argument("<command-id>")
    .argument("<time>", "how much more: 90s, 10m, 1h30m", parseDuration)
    .option("--json", "print the command as JSON")
    .addHelpText("after", "\nExample:\n  $ mainstay commands extend cmd_0123456789abcdef 10m")
    .action((command_id: string, for_s: number, { json }: { json?: true }) =>
      withServer(async (client) => {
        const command = await client.commands.extend(command_id, { for_s });
        if (json) screen.json(command);
        else screen.print(`Its time is up ${span(command.wall_ms)} after it began.`);
        return exit.ok;
      }),
    );
}
