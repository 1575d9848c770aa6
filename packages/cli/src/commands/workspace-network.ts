import type { NetworkGrant } from "@mainstay/sdk/network";
import { Command } from "commander";
import type { Config } from "../config.ts";
import { grantText, hostText, parseHost } from "../conversation/host-text.ts";
import { exit } from "../exit.ts";
import { workspaceId } from "../folder/current-workspace.ts";
import type { WithServer } from "../program.ts";
import { oneLine } from "../terminal/escape.ts";
import type { Screen } from "../terminal/screen.ts";

export interface NetworkParts {
  withServer: WithServer;
  screen: Screen;
  config: Config;
}

interface Options {
  workspace?: string;
  inside?: true;
  json?: true;
}

export function networkCommand(parts: NetworkParts): Command {
  return new Command("network")
    .description("the hosts that commands in a folder may reach; none unless you say so")
    .addCommand(listCommand(parts), { isDefault: true })
    .addCommand(allowCommand(parts))
    .addCommand(forbidCommand(parts))
    .addHelpText("after", examples);
}

const examples = `
Commands reach these hosts through a proxy and in no other way; nothing of this machine or of the
network that it stands in, unless an admin says so with --inside.

Examples:
  $ mainstay workspace network
  $ mainstay workspace network allow packages.example.org
  $ mainstay workspace network forbid packages.example.org`;

const withPlace = (command: Command): Command =>
  command.option("--workspace <id-or-path>", "of that folder instead of the current one");

function listCommand({ withServer, screen, config }: NetworkParts): Command {
  return withPlace(new Command("list"))
    .description("list them")
    .option("--json", "print {items, next} as JSON")
    .addHelpText("after", "\nExample:\n  $ mainstay workspace network list")
    .action(({ workspace, json }: Options) =>
      withServer(async (client) => {
        const id = await workspaceId(client, config, workspace);
        const list = await client.workspaces.network.list(id);
        if (json) screen.json(list);
        else if (list.items.length === 0)
          screen.note("None. One is added with: mainstay workspace network allow HOST");
        else list.items.forEach((grant) => screen.print(row(grant)));
        return exit.ok;
      }),
    );
}

const row = (grant: NetworkGrant): string =>
  `${grantText(grant)}  by ${oneLine(grant.allowed_by)} on ${grant.allowed_at.slice(0, 10)}`;

function allowCommand({ withServer, screen, config }: NetworkParts): Command {
  return withPlace(new Command("allow"))
    .description("let commands in the folder reach a host")
    .argument(
      "<host[:port]>",
      "a name, *.name for all below it; without a port 80 and 443",
      parseHost,
    )
    .option(
      "--inside",
      "also where the name has an address of a private network (admin); never an address itself",
    )
    .option("--json", "print the host as JSON")
    .addHelpText("after", "\nExample:\n  $ mainstay workspace network allow packages.example.org")
    .action((host: ReturnType<typeof parseHost>, { workspace, inside, json }: Options) =>
      withServer(async (client) => {
        const id = await workspaceId(client, config, workspace);
        const grant = await client.workspaces.network.allow(id, {
          ...host,
          ...(inside && { inside }),
        });
        if (json) screen.json(grant);
        else screen.print(`Commands there may reach ${grantText(grant)}.`);
        return exit.ok;
      }),
    );
}

function forbidCommand({ withServer, screen, config }: NetworkParts): Command {
  return withPlace(new Command("forbid"))
    .description("take a host back; a command that runs goes on with it")
    .argument("<host[:port]>", "as it is listed", parseHost)
    .option("--json", "print {forbidden} as JSON")
    .addHelpText("after", "\nExample:\n  $ mainstay workspace network forbid packages.example.org")
    .action((host: ReturnType<typeof parseHost>, { workspace, json }: Options) =>
      withServer(async (client) => {
        const id = await workspaceId(client, config, workspace);
        await client.workspaces.network.forbid(id, host);
        if (json) screen.json({ forbidden: host });
        else
          screen.print(
            `No command there reaches ${hostText({ port: null, ...host })} from now on.`,
          );
        return exit.ok;
      }),
    );
}
