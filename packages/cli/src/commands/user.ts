import { NewUser, type User } from "@mainstay/sdk/people";
import { Command, Option } from "commander";
import { exit } from "../exit.ts";
import { UsageFault } from "../faults.ts";
import type { WithServer } from "../program.ts";
import { oneLine } from "../terminal/escape.ts";
import type { Screen } from "../terminal/screen.ts";

export interface UserParts {
  withServer: WithServer;
  screen: Screen;
}

export function userCommand(parts: UserParts): Command {
  return new Command("user")
    .description("the people of this server")
    .addCommand(addCommand(parts))
    .addCommand(listCommand(parts))
    .addHelpText("after", "\nExample:\n  $ mainstay user add ada --tier pro");
}

const NAME_RULE = "letters, digits and _ . @ -, a letter or digit first, at most 64";

function parseName(text: string): string {
  if (NewUser.shape.name.safeParse(text).success) return text;
  throw new UsageFault(`${JSON.stringify(text)} can be no name; a name is ${NAME_RULE}`);
}

interface AddOptions {
  admin?: true;
  tier?: NonNullable<NewUser["tier"]>;
  json?: boolean;
}

function addCommand({ withServer, screen }: UserParts): Command {
  return new Command("add")
    .description("add a person; their key is shown this once")
    .argument("<name>", `a name: ${NAME_RULE}`, parseName)
    .option("--admin", "they may pause, add people and see everybody's approvals")
    .addOption(new Option("--tier <tier>", "what they may use").choices(["free", "basic", "pro"]))
    .option("--json", "print {user, key} as JSON")
    .addHelpText("after", "\nExample:\n  $ mainstay user add ada --tier pro")
    .action((name: string, { admin, tier, json }: AddOptions) =>
      withServer(async (client) => {
        const added = await client.users.add({
          name,
          ...(admin && { role: "admin" }),
          ...(tier && { tier }),
        });
        if (json) screen.json(added);
        else {
          screen.note(
            `${row(added.user)}\nTheir key, shown this once; they set it as MAINSTAY_KEY:`,
          );
          screen.print(added.key);
        }
        return exit.ok;
      }),
    );
}

function listCommand({ withServer, screen }: UserParts): Command {
  return new Command("list")
    .description("list them")
    .option("--json", "print {items, next} as JSON")
    .addHelpText("after", "\nExample:\n  $ mainstay user list")
    .action(({ json }: { json?: boolean }) =>
      withServer(async (client) => {
        const list = await client.users.list();
        if (json) screen.json(list);
        else list.items.forEach((user) => screen.print(row(user)));
        return exit.ok;
      }),
    );
}

function row({ id, name, role, tier }: User): string {
  return `${id}  ${oneLine(name)}  (${role}, ${tier})`;
}
