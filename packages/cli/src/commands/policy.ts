import { Ceiling, type Policy, PolicyScope } from "@mainstay/sdk/consent";
import { Argument, Command } from "commander";
import { wholeList } from "../conversation/whole-list.ts";
import { exit } from "../exit.ts";
import type { WithServer } from "../program.ts";
import { escapePath, oneLine } from "../terminal/escape.ts";
import type { Screen } from "../terminal/screen.ts";

export interface PolicyParts {
  withServer: WithServer;
  screen: Screen;
}

export function policyCommand(parts: PolicyParts): Command {
  return new Command("policy")
    .description("the most that commands may do, by tier, workspace and person (admin)")
    .addCommand(listCommand(parts), { isDefault: true })
    .addCommand(setCommand(parts))
    .addCommand(clearCommand(parts))
    .addHelpText("after", examples);
}

const examples = `
Ceilings, the lowest that applies holds:
  none       no command runs
  read-only  what only reads runs, all else is refused without asking
  ask        all else asks; rules apply, trust in a workspace does not
  trust      no ceiling: in trusted workspaces commands run in the sandbox unasked

Examples:
  $ mainstay policy
  $ mainstay policy set tier free read-only
  $ mainstay policy set person Ada ask
  $ mainstay policy set workspace /srv/shop none
  $ mainstay policy clear tier free`;

const scopeArgument = () =>
  new Argument("<scope>", "what it is about").choices(PolicyScope.options);
const SUBJECT = "a tier's name, a workspace's id or path, a person's name or id";

function listCommand({ withServer, screen }: PolicyParts): Command {
  return new Command("list")
    .description("list them")
    .option("--json", "print {items, next} as JSON")
    .addHelpText("after", "\nExample:\n  $ mainstay policy list")
    .action(({ json }: { json?: boolean }) =>
      withServer(async (client) => {
        const list = await wholeList(client.policies.list);
        if (json) screen.json(list);
        else if (list.items.length === 0)
          screen.note("No policies: each workspace's own setting holds (ask, or trust).");
        else list.items.forEach((policy) => screen.print(row(policy)));
        return exit.ok;
      }),
    );
}

function setCommand({ withServer, screen }: PolicyParts): Command {
  return new Command("set")
    .description("set a ceiling")
    .addArgument(scopeArgument())
    .argument("<subject>", SUBJECT)
    .addArgument(new Argument("<ceiling>").choices(Ceiling.options))
    .option("--json", "print the policy as JSON")
    .addHelpText("after", "\nExample:\n  $ mainstay policy set person Ada ask")
    .action((scope: PolicyScope, subject: string, ceiling: Ceiling, { json }: { json?: boolean }) =>
      withServer(async (client) => {
        const policy = await client.policies.set({ scope, subject, ceiling });
        if (json) screen.json(policy);
        else screen.print(row(policy));
        return exit.ok;
      }),
    );
}

function clearCommand({ withServer, screen }: PolicyParts): Command {
  return new Command("clear")
    .description("take a ceiling away")
    .addArgument(scopeArgument())
    .argument("<subject>", SUBJECT)
    .option("--json", "print what was cleared as JSON")
    .addHelpText("after", "\nExample:\n  $ mainstay policy clear person Ada")
    .action((scope: PolicyScope, subject: string, { json }: { json?: boolean }) =>
      withServer(async (client) => {
        await client.policies.remove({ scope, subject });
        if (json) screen.json({ scope, subject, ceiling: null });
        else screen.print(`${scope} ${escapePath(subject)} has no ceiling of its own any more.`);
        return exit.ok;
      }),
    );
}

function row({ scope, subject_name, ceiling, set_by, set_at }: Policy): string {
  const by = `set by ${oneLine(set_by)} on ${set_at.slice(0, 10)}`;
  return `${scope.padEnd(9)}  ${ceiling.padEnd(9)}  ${escapePath(subject_name)}  (${by})`;
}
