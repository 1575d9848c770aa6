import type { Client } from "@mainstay/sdk/client";
import type { NewOverride, Override } from "@mainstay/sdk/consent";
import { Command, InvalidArgumentError } from "commander";
import { quotedCommand } from "../conversation/approval-card.ts";
import { argumentsOf } from "../conversation/tool-lines.ts";
import { turnJournal } from "../conversation/turn-journal.ts";
import { wholeList } from "../conversation/whole-list.ts";
import { exit, type ExitCode } from "../exit.ts";
import { UsageFault } from "../faults.ts";
import type { WithServer } from "../program.ts";
import { commandLine, escapePath, oneLine } from "../terminal/escape.ts";
import type { Asker } from "../terminal/line-reader.ts";
import type { Screen } from "../terminal/screen.ts";

export interface OverrideParts {
  withServer: WithServer;
  screen: Screen;
  /** Absent where there is no terminal: a script that has an admin's key means what it says. */
  asker: Asker | undefined;
}

interface GrantOptions {
  reason: string;
  json?: boolean;
}

const WORD = "override";

export function overrideCommand(parts: OverrideParts): Command {
  return new Command("override")
    .description("let a blocked command run, once and on the record (admin)")
    .addCommand(callCommand(parts), { isDefault: true })
    .addCommand(bytesCommand(parts))
    .addCommand(listCommand(parts))
    .addCommand(withdrawCommand(parts))
    .addHelpText("after", examples);
}

const examples = `
An override is for one command, byte for byte, of one person in one workspace. It holds for an hour
and is used up by the call that runs it. The sandbox stays.

Examples:
  $ mainstay override turn_0123456789abcdef 2 call_1 --reason "the mirror is ours, see ticket 71"
  $ mainstay override command 'dd if=/dev/zero of=disk.img' --workspace /srv/shop --person ada \\
      --reason "test image"
  $ mainstay override list
  $ mainstay override withdraw ovr_0123456789abcdef`;

function callCommand(parts: OverrideParts): Command {
  return new Command("call")
    .description("the command of a call that was blocked; the call's result names the three words")
    .argument("<turn-id>")
    .argument("<step>", "its number", wholeNumber)
    .argument("<call-id>")
    .requiredOption("--reason <text>", "why, for whoever reads it later")
    .option("--json", "print the override as JSON")
    .addHelpText(
      "after",
      '\nExample:\n  $ mainstay override call turn_0123456789abcdef 2 call_1 --reason "ticket 71"',
    )
    .action((turn_id: string, step: number, call_id: string, options: GrantOptions) =>
      parts.withServer(async (client) => {
        const call = { turn_id, step, call_id };
        const command = parts.asker ? await commandOf(client, call) : "";
        return grant(client, { ...call, reason: options.reason }, command, options, parts);
      }),
    );
}

function bytesCommand(parts: OverrideParts): Command {
  return new Command("command")
    .description("a command before it is tried")
    .argument("<command>", "in quotes, exactly as it will be asked for")
    .requiredOption("--workspace <path-or-id>", "where")
    .requiredOption("--person <name-or-id>", "whose turn may run it")
    .requiredOption("--reason <text>", "why, for whoever reads it later")
    .option("--json", "print the override as JSON")
    .addHelpText(
      "after",
      "\nExample:\n  $ mainstay override command 'dd if=/dev/zero of=disk.img' " +
        '--workspace /srv/shop --person ada --reason "test image"',
    )
    .action((command: string, options: GrantOptions & { workspace: string; person: string }) =>
      parts.withServer((client) => {
        const { workspace, person, reason } = options;
        const order = { workspace, person, command, reason };
        return grant(client, order, command, options, parts);
      }),
    );
}

function listCommand({ withServer, screen }: OverrideParts): Command {
  return new Command("list")
    .description("list them, used and expired ones too")
    .option("--json", "print {items, next} as JSON")
    .addHelpText("after", "\nExample:\n  $ mainstay override list")
    .action(({ json }: { json?: boolean }) =>
      withServer(async (client) => {
        const list = await wholeList(client.overrides.list);
        if (json) screen.json(list);
        else if (list.items.length === 0) screen.note("No overrides.");
        else list.items.forEach((override) => describe(override, screen));
        return exit.ok;
      }),
    );
}

function withdrawCommand({ withServer, screen }: OverrideParts): Command {
  return new Command("withdraw")
    .description("take one back that nothing has used")
    .argument("<override-id>")
    .option("--json", "print the override as JSON")
    .addHelpText("after", "\nExample:\n  $ mainstay override withdraw ovr_0123456789abcdef")
    .action((id: string, { json }: { json?: boolean }) =>
      withServer(async (client) => {
        const override = await client.overrides.withdraw(id);
        if (json) screen.json(override);
        else screen.note(`Withdrawn: ${commandLine(override.command)}`);
        return exit.ok;
      }),
    );
}

async function grant(
  client: Client,
  order: NewOverride,
  command: string,
  { json }: GrantOptions,
  { screen, asker }: OverrideParts,
): Promise<ExitCode> {
  if (asker && !(await isMeant(command, asker, screen))) {
    screen.note("Nothing was let through.");
    return exit.consent;
  }
  const override = await client.overrides.grant(order);
  if (json) screen.json(override);
  else describe(override, screen);
  if (!json) screen.note("It runs when exactly this is asked for again there.", "dim");
  return exit.ok;
}

/** A word to type: no single key lets through what the policy blocks. */
async function isMeant(command: string, asker: Asker, screen: Screen): Promise<boolean> {
  screen.note(
    "The policy blocks this. You let it run once, and your name stays with it:",
    "strong",
  );
  for (const { text } of quotedCommand(command, screen.columns())) screen.note(text);
  const reply = await asker.ask(`  Type ${WORD} to let it through > `);
  return reply.kind === "line" && reply.text.trim().toLowerCase() === WORD;
}

/** What the call wants to run, from the turn's journal. */
async function commandOf(
  client: Client,
  { turn_id, step, call_id }: { turn_id: string; step: number; call_id: string },
): Promise<string> {
  for await (const event of turnJournal(client, turn_id)) {
    if (event.type !== "step_ended" || event.step !== step) continue;
    const call = event.tool_calls.find(({ id }) => id === call_id);
    const command = call && argumentsOf(call)["command"];
    if (typeof command === "string") return command;
  }
  throw new UsageFault(`Step ${step} of ${turn_id} has no command with the call ${call_id}`);
}

function wholeNumber(text: string): number {
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text);
  throw new InvalidArgumentError("It is a number from 1, as the call's result names it.");
}

function describe(override: Override, screen: Screen): void {
  const { id, command, person, workspace_path, reason, granted_by } = override;
  screen.print(`${id}  ${stateOf(override)}  ${commandLine(command)}`);
  screen.print(`    for ${oneLine(person.name)} in ${escapePath(workspace_path)}`);
  screen.print(`    granted by ${oneLine(granted_by)}: ${oneLine(reason, Infinity)}`);
}

function stateOf({ state, expires_at, used_by }: Override): string {
  if (state === "used") return `used by ${used_by?.turn_id ?? "a turn"}`;
  const until = expires_at.slice(0, 16).replace("T", " ");
  return state === "open" ? `open until ${until} UTC` : `expired ${until} UTC`;
}
