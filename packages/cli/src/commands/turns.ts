import { type Turn, TurnState } from "@mainstay/sdk/turn";
import { Command, Option } from "commander";
import { minute } from "../conversation/command-lines.ts";
import { exit } from "../exit.ts";
import type { WithServer } from "../program.ts";
import { oneLine } from "../terminal/escape.ts";
import type { Screen } from "../terminal/screen.ts";

export function turnsCommand(parts: { withServer: WithServer; screen: Screen }): Command {
  const { withServer, screen } = parts;
  return new Command("turns")
    .description("list your turns")
    .addOption(new Option("--state <state>", "only these").choices(TurnState.options))
    .option("--json", "print {items, next} as JSON")
    .addHelpText("after", "\nExample:\n  $ mainstay turns --state parked")
    .action(({ state, json }: { state?: TurnState; json?: boolean }) =>
      withServer(async (client) => {
        const list = await client.turns.list(state ? { state } : {});
        if (json) screen.json(list);
        else if (list.items.length === 0) screen.note("No turns.");
        else list.items.forEach((turn) => screen.print(row(turn)));
        return exit.ok;
      }),
    );
}

function row({ id, state, pause, created_at, message }: Turn): string {
  const where = pause === null ? state : `${state}, paused`;
  return `${id}  ${where.padEnd(17)}  ${minute(created_at)}  ${oneLine(message, 60)}`;
}
