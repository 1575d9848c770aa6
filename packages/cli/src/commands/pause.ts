import type { PauseSet, PausesNow, PauseSubject } from "@mainstay/sdk/pause";
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
    .description(
      "stop all commands, all work for a person, or a provider; without arguments: what is paused",
    )
    .option("--json", "print what is paused as JSON")
    .addHelpText(
      "after",
      "\nWhat is stopped goes on by itself after: mainstay resume\n\nExamples:\n  $ mainstay pause commands --reason 'a key leaked' --kill\n  $ mainstay pause user ada\n  $ mainstay pause provider groq\n  $ mainstay pause",
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
    .addCommand(
      withHow(new Command("provider").description("a provider is asked nothing more"))
        .argument("<name>")
        .action((provider: string, how: SetOptions) =>
          set(parts, { scope: "provider", provider }, how),
        ),
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
  what: PauseSubject,
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
  { scope, person, provider }: PauseSubject,
  kill: boolean,
  screen: Screen,
): void {
  const whom = person ?? provider;
  screen.print(whom === undefined ? pauseLine(pause) : `${oneLine(whom)}: ${pauseLine(pause)}`);
  if (scope === "provider" && !kill)
    screen.note("What it is answering goes on. To end that, too, say it again with --kill.");
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

function show({ commands, people, providers }: PausesNow, screen: Screen): void {
  const some = [
    ...people.map(({ name, pause }) => ({ name, pause, how: "user" })),
    ...providers.map(({ provider, pause }) => ({ name: provider, pause, how: "provider" })),
  ];
  if (commands === null && some.length === 0) return screen.note("Nothing is paused.");
  if (commands !== null) screen.print(`${pauseLine(commands)}  (mainstay resume commands)`);
  for (const { name, pause, how } of some)
    screen.print(
      `${oneLine(name)}: ${pauseLine(pause)}  (mainstay resume ${how} ${oneLine(name)})`,
    );
}
