import { Command } from "commander";
import { listProviders, type ProviderParts } from "./provider-list.ts";
import { setKey } from "./provider-set.ts";
import { testProviders } from "./provider-test.ts";

const HELP = `
Exit codes of test: 0 all that was tried works, 1 something failed.

Examples:
  $ mainstay provider
  $ mainstay provider test
  $ mainstay provider test groq
  $ mainstay provider set groq            # asks for the key, and does not show it
  $ mainstay provider set groq < key.txt`;

interface JsonOption {
  json?: boolean;
}

/** The models that Mainstay asks: which, how they stand, whether they work, their keys. */
export function providerCommand(parts: ProviderParts): Command {
  const { run } = parts;
  const list = (name: string) =>
    new Command(name)
      .description("the providers in the order in which they are asked")
      .option("--json", "print them as JSON")
      .action(({ json }: JsonOption) => run(() => listProviders(parts, json === true)));
  return list("provider")
    .description("the models that are asked; without arguments: how each stands")
    .addHelpText("after", HELP)
    .addCommand(list("list"))
    .addCommand(
      new Command("test")
        .description("really call a provider, or all: list of models, text, stream, a tool")
        .argument("[name]")
        .option("--json", "print {ok, steps} as JSON")
        .action((name: string | undefined, { json }: JsonOption) =>
          run(() => testProviders(parts, name ?? null, json === true)),
        ),
    )
    .addCommand(
      new Command("set")
        .description(
          "take in the key of a provider, groq, say, or one of mainstay.json: it is tested, then kept for the server's next start",
        )
        .argument("<name>")
        // A key that is typed here would be quoted by the usual complaint.
        .argument("[others...]")
        .usage("[options] <name>")
        .option("--json", "print {kept, file, steps} as JSON")
        .action((name: string, others: string[], { json }: JsonOption) =>
          run(() => setKey(parts, name, { json: json === true, on_line: others.length > 0 })),
        ),
    );
}
