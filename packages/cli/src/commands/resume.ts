import type { PauseSubject } from "@mainstay/sdk/pause";
import { Command } from "commander";
import { exit } from "../exit.ts";
import { oneLine } from "../terminal/escape.ts";
import type { PauseParts } from "./pause.ts";

export function resumeCommand(parts: PauseParts): Command {
  return new Command("resume")
    .description("lift a pause; what it stopped goes on by itself")
    .addHelpText(
      "after",
      "\nExamples:\n  $ mainstay resume commands\n  $ mainstay resume user ada\n  $ mainstay resume provider groq",
    )
    .addCommand(
      new Command("commands")
        .description("commands may begin again")
        .option("--json", "print {lifted} as JSON")
        .action((how: { json?: boolean }) => lift(parts, { scope: "commands" }, how)),
    )
    .addCommand(
      new Command("user")
        .description("work for a person goes on")
        .argument("<name>")
        .option("--json", "print {lifted} as JSON")
        .action((person: string, how: { json?: boolean }) =>
          lift(parts, { scope: "person", person }, how),
        ),
    )
    .addCommand(
      new Command("provider")
        .description("a provider is asked again")
        .argument("<name>")
        .option("--json", "print {lifted} as JSON")
        .action((provider: string, how: { json?: boolean }) =>
          lift(parts, { scope: "provider", provider }, how),
        ),
    );
}

function lift(
  { withServer, screen }: PauseParts,
  subject: PauseSubject,
  { json }: { json?: boolean },
): Promise<void> {
  return withServer(async (client) => {
    const done = await client.pauses.lift(subject);
    const what = oneLine(subject.person ?? subject.provider ?? "Commands");
    if (json) screen.json(done);
    else if (done.lifted)
      screen.print(`${what}: not paused any more; what waited goes on by itself.`);
    else screen.note(`${what}: nothing was paused.`);
    return exit.ok;
  });
}
