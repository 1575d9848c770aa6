import type { NewPause, PauseSet, PausesNow } from "@mainstay/sdk/pause";
import { Command } from "commander";
import { pauseLine } from "../conversation/pause-line.ts";
import { exit } from "../exit.ts";
import type { WithServer } from "../program.ts";
import { oneLine } from "../terminal/escape.ts";
import type { Screen } from "../terminal/screen.ts";

export interface PauseParts {
  withServer: WithServer;
  screen: Screen;
}

interface SetOptions {
  reason?: string;
  kill?: true;
  json?: boolean;
}

/** The operator's emergency stop. */
export function pauseCommand(parts: PauseParts): Command {
  const { withServer, screen } = parts;
  return new Command("pause")
    .description("stop all commands, or all work for a person; without arguments: what is paused")
    .option("--json", "print what is paused as JSON")
    .addHelpText(
      "after",
      "\nWhat is stopped goes on by itself after: mainstay resume\n\nExamples:\n  $ mainstay pause commands --reason 'a key leaked' --kill\n  $ mainstay pause user ada\n  $ mainstay pause",
    )
    .addCommand(
      withHow(new Command("commands").description("no command begins any more, of anybody")).action(
        (how: SetOptions) => set(parts, { scope: "commands" }, how),
      ),
    )
    .addCommand(
      withHow(new Command("user").description("nothing more is done for one person"))
        .argument("<name>")
        .action((person: string, how: SetOptions) => set(parts, { scope: "person", person }, how)),
    )
    .action(({ json }: { json?: boolean }) =>
      withServer(async (client) => {
        const now = await client.pauses.now();
        if (json) screen.json(now);
        else show(now, screen);
        return exit.ok;
      }),
    );
}

const withHow = (command: Command): Command =>
  command
    .option("--reason <text>", "shown to everybody whom it meets")
    .option("--kill", "end what runs now, too")
    .option("--json", "print the pause as JSON");

function set(
  { withServer, screen }: PauseParts,
  what: Pick<NewPause, "scope" | "person">,
  { reason, kill, json }: SetOptions,
): Promise<void> {
  return withServer(async (client) => {
    const done = await client.pauses.set({
      ...what,
      ...(reason !== undefined && { reason }),
      ...(kill && { kill }),
    });
    if (json) screen.json(done);
    else tell(done, what, kill === true, screen);
    return done.kept ? exit.ok : exit.failed;
  });
}

function tell(
  { pause, running, unanswered, kept }: PauseSet,
  { person }: Pick<NewPause, "person">,
  kill: boolean,
  screen: Screen,
): void {
  screen.print(person === undefined ? pauseLine(pause) : `${oneLine(person)}: ${pauseLine(pause)}`);
  if (running > 0)
    screen.note(
      kill
        ? `Commands that ran and are being ended: ${running}`
        : `Commands that run on: ${running}. To end them, say it again with --kill.`,
    );
  if (unanswered > 0)
    screen.note(`Commands that were just being started and may begin still: ${unanswered}`, "bad");
  if (!kept)
    screen.note(
      "It holds now, but the disk did not take it: until it does, it ends with the server.",
      "bad",
    );
}

function show({ commands, people }: PausesNow, screen: Screen): void {
  if (commands === null && people.length === 0) return screen.note("Nothing is paused.");
  if (commands !== null) screen.print(`${pauseLine(commands)}  (mainstay resume commands)`);
  for (const { name, pause } of people)
    screen.print(`${oneLine(name)}: ${pauseLine(pause)}  (mainstay resume user ${oneLine(name)})`);
}
