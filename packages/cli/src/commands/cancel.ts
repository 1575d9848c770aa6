import type { Client } from "@mainstay/sdk/client";
import type { Clock } from "@mainstay/sdk/clock";
import { isSettled, type Turn } from "@mainstay/sdk/turn";
import { Command } from "commander";
import { tellLeft } from "../conversation/left-to-decide.ts";
import { exit } from "../exit.ts";
import type { WithServer } from "../program.ts";
import type { Screen } from "../terminal/screen.ts";

/** So long a turn that runs may take to end its commands; longer is not waited for. */
const END_MS = 15_000;

interface CancelParts {
  withServer: WithServer;
  screen: Screen;
  clock: Clock;
}

export function cancelCommand({ withServer, screen, clock }: CancelParts): Command {
  return new Command("cancel")
    .description("ask a turn to end; its commands are stopped")
    .argument("<turn-id>")
    .option("--json", "print the turn as JSON, and do not wait for its end")
    .addHelpText("after", "\nExample:\n  $ mainstay cancel turn_0123456789abcdef")
    .action((turn_id: string, { json }: { json?: boolean }) =>
      withServer(async (client) => {
        const turn = await client.turns.cancel(turn_id);
        if (json) screen.json(turn);
        else await tellEnd(await endOf(turn, client, clock), client, screen);
        return exit.ok;
      }),
    );
}

/** The turn when it has ended, or as it is when that takes too long. */
async function endOf(turn: Turn, client: Client, clock: Clock): Promise<Turn> {
  if (isSettled(turn.state)) return turn;
  const late = new AbortController();
  const disarm = clock.after(END_MS, () => late.abort());
  try {
    const events = client.events(turn.id, { watch: true, signal: late.signal });
    for await (const { type } of events) if (type === "settled") break;
  } finally {
    disarm();
  }
  return client.turns.get(turn.id);
}

async function tellEnd(turn: Turn, client: Client, screen: Screen): Promise<void> {
  const { id, state } = turn;
  if (!isSettled(state)) {
    screen.print("It is being cancelled.");
    screen.note(`What it leaves is known when it has ended: mainstay status ${id}`);
    return;
  }
  screen.print(state === "cancelled" ? "Cancelled." : `It had ended already: ${state}.`);
  await tellLeft(turn, { client, screen });
}
