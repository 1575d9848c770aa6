import type { Client } from "@mainstay/sdk/client";
import {
  UsageDimension,
  type UsageItem,
  type UsageReport,
  type UsageWish,
} from "@mainstay/sdk/usage";
import { Command, InvalidArgumentError } from "commander";
import { wholeList } from "../conversation/whole-list.ts";
import { usageTable } from "../conversation/usage-table.ts";
import { exit } from "../exit.ts";
import type { WithServer } from "../program.ts";
import type { Screen } from "../terminal/screen.ts";

interface Options {
  days?: number;
  by: UsageDimension[];
  person?: string;
  json?: true;
}

interface UsageParts {
  withServer: WithServer;
  screen: Screen;
}

export function usageCommand({ withServer, screen }: UsageParts): Command {
  return new Command("usage")
    .description("what models took for you, and what it cost; for an admin, for everybody")
    .option("--days <n>", "so many until today (UTC); 30 unless told otherwise", count)
    .option("--by <what>", `told apart by: ${UsageDimension.options.join(", ")}`, dimensions, usual)
    .option("--person <name>", "only theirs (admin)")
    .option("--json", "print {from, to, total, items, next} as JSON")
    .addHelpText("after", examples)
    .action(({ json, ...wish }: Options) =>
      withServer(async (client) => {
        const report = await wholeReport(client, wish);
        if (json) screen.json(report);
        else if (report.items.length === 0)
          screen.note(`Nothing from ${report.from} to ${report.to}.`);
        else usageTable(report, wish.by).forEach((row) => screen.print(row));
        return exit.ok;
      }),
    );
}

const usual: UsageDimension[] = ["day", "provider", "model"];

const examples = `
Every attempt counts that its provider may bill, also one that failed, was cut or cancelled. ~ stands
before what Mainstay estimated because the provider told nothing, + behind a sum to which models
without a price in the configuration come.

Examples:
  $ mainstay usage --days 7
  $ mainstay usage --by person,provider
  $ mainstay usage --by day --person ada --json`;

async function wholeReport(client: Client, wish: UsageWish): Promise<UsageReport> {
  let last: UsageReport | undefined;
  const list = await wholeList<UsageItem>(
    async (page) => (last = await client.usage.list(wish, page)),
  );
  return { ...last!, ...list };
}

function count(text: string): number {
  if (/^[1-9]\d{0,3}$/.test(text)) return Number(text);
  throw new InvalidArgumentError("fix: a number from 1 on");
}

function dimensions(text: string): UsageDimension[] {
  const found = UsageDimension.array().safeParse(text.split(","));
  if (found.success) return [...new Set(found.data)];
  throw new InvalidArgumentError(
    `fix: some of ${UsageDimension.options.join(", ")}, comma-separated`,
  );
}
