import type { Rule, RuleSuggestion } from "@mainstay/sdk/consent";
import { Command } from "commander";
import type { Config } from "../config.ts";
import { wholeList } from "../conversation/whole-list.ts";
import { exit } from "../exit.ts";
import { currentWorkspace } from "../folder/current-workspace.ts";
import type { WithServer } from "../program.ts";
import { escapePath, oneLine } from "../terminal/escape.ts";
import { hangingRows } from "../terminal/rows.ts";
import type { Screen } from "../terminal/screen.ts";
import { shellQuoted } from "../terminal/shell-quoted.ts";

export interface RulesParts {
  withServer: WithServer;
  screen: Screen;
  config: Config;
}

export function rulesCommand(parts: RulesParts): Command {
  return new Command("rules")
    .description("what runs without asking you, because you said so")
    .addCommand(listCommand(parts), { isDefault: true })
    .addCommand(addCommand(parts))
    .addCommand(removeCommand(parts))
    .addCommand(suggestionsCommand(parts))
    .addHelpText("after", examples);
}

const examples = `
A rule stands for one command of exactly these words in one folder, never for its text; where the
command runs a program of the folder, the rule holds while that file stays as it is.

Examples:
  $ mainstay rules
  $ mainstay rules add 'npm test'
  $ mainstay rules remove rule_0123456789abcdef`;

function listCommand({ withServer, screen }: RulesParts): Command {
  return new Command("list")
    .description("list them")
    .option("--json", "print {items, next} as JSON")
    .addHelpText("after", "\nExample:\n  $ mainstay rules list")
    .action(({ json }: { json?: boolean }) =>
      withServer(async (client) => {
        const list = await wholeList(client.rules.list);
        if (json) screen.json(list);
        else if (list.items.length === 0)
          screen.note("No rules. One is made with [r]emember, or: mainstay rules add 'COMMAND'");
        else list.items.forEach((rule) => describe(rule, screen));
        return exit.ok;
      }),
    );
}

function addCommand({ withServer, screen, config }: RulesParts): Command {
  return new Command("add")
    .description("let a command run in a folder without asking")
    .argument("<command>", "in quotes, as a shell would run it")
    .option("--workspace <id-or-path>", "in that folder instead of the current one")
    .option("--json", "print the rules that it became, {items, next}, as JSON")
    .addHelpText("after", "\nExample:\n  $ mainstay rules add 'npm test'")
    .action((command: string, options: { workspace?: string; json?: boolean }) =>
      withServer(async (client) => {
        const workspace = options.workspace ?? (await currentWorkspace(client, config));
        const list = await client.rules.add({ workspace, command });
        if (options.json) screen.json(list);
        else list.items.forEach((rule) => describe(rule, screen));
        return exit.ok;
      }),
    );
}

function removeCommand({ withServer, screen }: RulesParts): Command {
  return new Command("remove")
    .description("take a rule back: ask again; a command that runs goes on")
    .argument("<rule-id>")
    .option("--json", "print the rule as JSON")
    .addHelpText("after", "\nExample:\n  $ mainstay rules remove rule_0123456789abcdef")
    .action((rule_id: string, { json }: { json?: boolean }) =>
      withServer(async (client) => {
        const rule = await client.rules.revoke(rule_id);
        if (json) screen.json(rule);
        else screen.print(`It asks again for ${oneLine(rule.text, Infinity)}`);
        return exit.ok;
      }),
    );
}

function suggestionsCommand({ withServer, screen }: RulesParts): Command {
  return new Command("suggestions")
    .description("what you approved again and again; only you make a rule of it")
    .option("--json", "print {items, next} as JSON")
    .addHelpText("after", "\nExample:\n  $ mainstay rules suggestions")
    .action(({ json }: { json?: boolean }) =>
      withServer(async (client) => {
        const list = await client.rules.suggestions();
        if (json) screen.json(list);
        else if (list.items.length === 0)
          screen.note("No suggestions: nothing was approved again and again.");
        else list.items.forEach((suggestion) => suggest(suggestion, screen));
        return exit.ok;
      }),
    );
}

function describe(rule: Rule, screen: Screen): void {
  const made = `made by ${oneLine(rule.made_by)} on ${day(rule.made_at)}, ${origins[rule.from]}`;
  const used = rule.last_used_at === null ? "not used yet" : usedLine(rule.used, rule.last_used_at);
  const columns = screen.on_terminal ? screen.columns() : Infinity;
  const show = (head: string, text: string) =>
    hangingRows(head, text, columns).forEach((row) => screen.print(row));
  show(`${rule.id}  `, oneLine(rule.text, Infinity));
  show("    ", `in ${escapePath(rule.workspace_path)}, for ${oneLine(rule.person.name)}`);
  for (const { path, sha256 } of rule.pins)
    show("    ", `while ${escapePath(path)} has sha256 ${sha256}`);
  show("    ", `${made}; ${rule.revoked_at === null ? used : `revoked ${day(rule.revoked_at)}`}`);
}

const origins: Record<Rule["from"], string> = {
  approval: "with an approval",
  suggestion: "on a suggestion",
  person: "by hand",
};

const usedLine = (used: number, last: string) =>
  `used ${used === 1 ? "once" : `${used} times`}, last on ${day(last)}`;

function suggest({ workspace_path, command, rule, text }: RuleSuggestion, screen: Screen): void {
  const where = shellQuoted(workspace_path);
  screen.print(oneLine(text, Infinity));
  screen.print(
    `    in ${escapePath(workspace_path)}; the rule would allow ${oneLine(rule, Infinity)}`,
  );
  screen.print(`    mainstay rules add ${shellQuoted(command)} --workspace ${where}`);
}

const day = (iso: string): string => iso.slice(0, 10);
