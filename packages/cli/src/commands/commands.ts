import type { Client } from "@mainstay/sdk/client";
import { Command, Option } from "commander";
import { commandFacts, commandRow, standingOf } from "../conversation/command-lines.ts";
import {
  createCommandView,
  followCommand,
  type FollowCommandParts,
} from "../conversation/follow-command.ts";
import { outputPieces, printOutput } from "../conversation/print-output.ts";
import { wholeList } from "../conversation/whole-list.ts";
import { exit, type ExitCode } from "../exit.ts";
import { UsageFault } from "../faults.ts";
import type { WithServer } from "../program.ts";
import { hangingRows } from "../terminal/rows.ts";
import type { Screen } from "../terminal/screen.ts";
import { cancelCommandCommand, extendCommandCommand } from "./command-control.ts";

export interface CommandsParts extends Omit<FollowCommandParts, "client"> {
  withServer: WithServer;
}

interface Options {
  running?: true;
  follow?: true;
  output?: true;
  json?: true;
}

export function commandsCommand(parts: CommandsParts): Command {
  return new Command("commands")
    .description("the commands that run and ran for you: how far they are, what they print")
    .usage(
      "[command-id] [options]\n       mainstay commands cancel <command-id>\n       mainstay commands extend <command-id> <time>",
    )
    .argument("[command-id]", "just this one")
    .option("--running", "only those that run")
    .addOption(
      new Option("--follow", "show what it prints until it ends").conflicts(["output", "running"]),
    )
    .addOption(new Option("--output", "print all that it printed so far").conflicts("running"))
    .option("--json", "print JSON: {items, next}, the command, or one line an event or piece")
    .addCommand(cancelCommandCommand(parts))
    .addCommand(extendCommandCommand(parts))
    .addHelpText("after", examples)
    .action((command_id: string | undefined, options: Options) =>
      parts.withServer((client) =>
        command_id === undefined
          ? list(options, { ...parts, client })
          : one(command_id, options, { ...parts, client }),
      ),
    );
}

const examples = `
Ctrl-C while one is followed leaves it running.

Examples:
  $ mainstay commands --running
  $ mainstay commands cmd_0123456789abcdef --follow
  $ mainstay commands extend cmd_0123456789abcdef 10m
  $ mainstay commands cancel cmd_0123456789abcdef`;

type Parts = FollowCommandParts & { client: Client };

const WHICH = "Which command? See: mainstay commands";

async function list(
  { running, follow, output, json }: Options,
  { client, screen }: Parts,
): Promise<ExitCode> {
  if (follow || output) throw new UsageFault(WHICH);
  // What ended is as much as there ever was; a page of it is enough to find one again.
  const found = running
    ? await wholeList((page) => client.commands.list({ state: "running" }, page))
    : await client.commands.list();
  if (json) screen.json(found);
  else if (found.items.length === 0) screen.note(running ? "No command runs." : "No commands.");
  else found.items.forEach((command) => screen.print(commandRow(command)));
  if (!json && found.next !== null) screen.note("These are the newest; there are older ones.");
  return exit.ok;
}

async function one(command_id: string, options: Options, parts: Parts): Promise<ExitCode> {
  const { client, screen } = parts;
  if (command_id.trim() === "") throw new UsageFault(WHICH);
  if (options.running) throw new UsageFault("--running is for the list of all commands");
  if (options.follow) return follow(command_id, options, parts);
  if (options.output) {
    const pieces = outputPieces(client, command_id);
    if (options.json) for await (const piece of pieces) screen.json(piece);
    else await printOutput(pieces, screen);
    return exit.ok;
  }
  const command = await client.commands.get(command_id);
  if (options.json) screen.json(command);
  else showFacts(commandFacts(command), screen);
  return exit.ok;
}

/** Its end is the end of this command line, too. */
async function follow(
  command_id: string,
  { json }: Options,
  parts: FollowCommandParts,
): Promise<ExitCode> {
  const { screen } = parts;
  const show = json ? screen.json : createCommandView(screen);
  const command = await followCommand(command_id, parts, show);
  if (command === undefined) {
    screen.live(null);
    screen.note(`Left; it goes on: mainstay commands ${command_id} --follow`);
    return exit.interrupted;
  }
  screen.note(`— ${standingOf(command)}`, "dim");
  screen.note(`All that it printed: mainstay commands ${command_id} --output`, "dim");
  return command.outcome?.exit_code === 0 ? exit.ok : exit.failed;
}

function showFacts(facts: [label: string, text: string][], screen: Screen): void {
  const columns = screen.on_terminal ? screen.columns() : Infinity;
  for (const [label, text] of facts)
    hangingRows(label.padEnd(LABEL_COLUMNS), text, columns).forEach((row) => screen.print(row));
}

const LABEL_COLUMNS = 10;
