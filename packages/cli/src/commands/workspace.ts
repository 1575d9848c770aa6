import { realpath } from "node:fs/promises";
import { resolve } from "node:path";
import type { Workspace } from "@mainstay/sdk/resources";
import { Command } from "commander";
import type { Config } from "../config.ts";
import { exit } from "../exit.ts";
import { UsageFault } from "../faults.ts";
import { sharesFolders } from "../folder/place.ts";
import { registerFolder } from "../folder/register-folder.ts";
import type { WithServer } from "../program.ts";
import { escapePath } from "../terminal/escape.ts";
import type { Interrupts } from "../terminal/interrupts.ts";
import type { Screen } from "../terminal/screen.ts";
import { networkCommand } from "./workspace-network.ts";

export interface WorkspaceParts {
  withServer: WithServer;
  screen: Screen;
  interrupts: Interrupts;
  config: Config;
}

export function workspaceCommand(parts: WorkspaceParts): Command {
  return new Command("workspace")
    .description("the folders that Mainstay may work in")
    .addCommand(addCommand(parts))
    .addCommand(listCommand(parts))
    .addCommand(networkCommand(parts))
    .addHelpText("after", "\nExample:\n  $ mainstay workspace add ~/src/shop --trust");
}

function addCommand({ withServer, screen, interrupts, config }: WorkspaceParts): Command {
  return new Command("add")
    .description("let Mainstay work in a folder (default: the current one)")
    .argument("[path]")
    .option("--trust", "run commands there in the sandbox without asking, as far as policies allow")
    .option("--no-trust", "take that back: ask before commands; those that run go on")
    .option("--json", "print the workspace as JSON")
    .addHelpText("after", "\nExample:\n  $ mainstay workspace add . --trust")
    .action((path: string | undefined, { trust, json }: { trust?: boolean; json?: boolean }) =>
      withServer(async (client) => {
        if (!sharesFolders(config))
          throw new UsageFault(
            "MAINSTAY_URL is another machine; add the folder there, on its own terminal",
          );
        const folder = await existing(resolve(config.folder(), path ?? "."));
        const workspace = await registerFolder({ client, interrupts }, folder, trust);
        if (json) screen.json(workspace);
        else screen.print(row(workspace));
        if (trust === undefined && workspace.trusted)
          screen.note("It was trusted before and stays so; --no-trust takes that back.");
        if (trust === false)
          screen.note("Commands that run there go on: mainstay commands lists and cancels them.");
        return exit.ok;
      }),
    );
}

function existing(path: string): Promise<string> {
  return realpath(path).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code !== "ENOENT") throw cause;
    throw new UsageFault(`There is no folder ${escapePath(path)}`);
  });
}

function listCommand({ withServer, screen }: WorkspaceParts): Command {
  return new Command("list")
    .description("list them")
    .option("--json", "print {items, next} as JSON")
    .addHelpText("after", "\nExample:\n  $ mainstay workspace list")
    .action(({ json }: { json?: boolean }) =>
      withServer(async (client) => {
        const list = await client.workspaces.list();
        if (json) screen.json(list);
        else list.items.forEach((workspace) => screen.print(row(workspace)));
        return exit.ok;
      }),
    );
}

function row({ id, path, private: is_private, trusted }: Workspace): string {
  const consent = trusted
    ? "trusted: commands run in the sandbox unasked, unless a policy asks or refuses"
    : "asks before commands";
  return `${id}  ${escapePath(path)}  (${is_private ? "private scratch folder; " : ""}${consent})`;
}
