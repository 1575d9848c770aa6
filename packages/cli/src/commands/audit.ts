import { AuditRecord } from "@mainstay/sdk/audit";
import type { AuditFilter, AuditItem, AuditPage } from "@mainstay/sdk/audit-trail";
import type { Client } from "@mainstay/sdk/client";
import { Command, InvalidArgumentError, Option } from "commander";
import { csvHead, csvLine } from "../audit/csv.ts";
import { auditLine } from "../audit/line.ts";
import { exit } from "../exit.ts";
import type { WithServer } from "../program.ts";
import { escapePath, oneLine } from "../terminal/escape.ts";
import type { Screen } from "../terminal/screen.ts";
import { auditVerifyCommand, type AuditVerifyParts } from "./audit-verify.ts";

const SHOWN = 50;
const LARGEST_PAGE = 500;

export type AuditParts = AuditVerifyParts & { withServer: WithServer };

export function auditCommand(parts: AuditParts): Command {
  return new Command("audit")
    .description("who did what when: every command, who agreed, how it ended (admin)")
    .addCommand(listCommand(parts), { isDefault: true })
    .addCommand(auditVerifyCommand(parts))
    .addCommand(headCommand(parts))
    .addHelpText("after", examples);
}

const examples = `
The trail keeps ids and digests, no contents: a command is shown where its turn's journal still has it.

Examples:
  $ mainstay audit --person Ada --since 2026-11-01
  $ mainstay audit --csv > audit.csv
  $ mainstay audit head > /mnt/elsewhere/audit.head
  $ mainstay audit verify --head /mnt/elsewhere/audit.head`;

interface ListOptions extends AuditFilter {
  limit?: number;
  json?: boolean;
  jsonl?: boolean;
  csv?: boolean;
}

function listCommand({ withServer, screen }: AuditParts): Command {
  const kinds = AuditRecord.options.map((option) => option.shape.kind.value);
  return new Command("list")
    .description("list it, newest first")
    .option("--person <name-or-id>", "about them, or decided by them")
    .option("--turn <turn-id>", "of that turn")
    .option("--command <command-id>", "of that command")
    .addOption(new Option("--kind <kind>", "of that kind").choices(kinds))
    .option("--since <time>", "from then on: 2026-11-22, or with T12:00:00Z", time)
    .option("--until <time>", "before then", time)
    .option("--limit <n>", `at most so many; ${SHOWN}, or all with --jsonl and --csv`, count)
    .addOption(new Option("--json", "print {items, next} as JSON").conflicts(["jsonl", "csv"]))
    .addOption(new Option("--jsonl", "print one JSON object a line").conflicts("csv"))
    .option("--csv", "print comma-separated values for a spreadsheet")
    .addHelpText("after", "\nExample:\n  $ mainstay audit --kind command_refused")
    .action(({ limit, json, jsonl, csv, ...filter }: ListOptions) =>
      withServer(async (client) => {
        const most = limit ?? (jsonl || csv ? Infinity : SHOWN);
        if (json) screen.json(await list(client, filter, most));
        else {
          if (csv) screen.print(csvHead);
          await show(pages(client, filter, most), screen, {
            jsonl: jsonl === true,
            csv: csv === true,
          });
        }
        return exit.ok;
      }),
    );
}

type Form = Required<Pick<ListOptions, "jsonl" | "csv">>;

/** What is said about the rows is no row: programs read them. */
async function show(
  found: AsyncIterable<AuditPage>,
  screen: Screen,
  { jsonl, csv }: Form,
): Promise<void> {
  let shown = 0;
  let told = false;
  for await (const { items, damage } of found) {
    if (damage !== null && !told) screen.note(damaged(damage), "bad");
    told ||= damage !== null;
    for (const item of items)
      if (jsonl) screen.json(item);
      else screen.print(csv ? csvLine(item) : auditLine(item));
    shown += items.length;
  }
  if (shown === 0) screen.note("No records.");
}

const damaged = (damage: string): string =>
  `The trail is not what was written: ${oneLine(escapePath(damage))}`;

/** Page after page, until there are enough or no more. */
async function* pages(
  client: Client,
  filter: AuditFilter,
  most: number,
): AsyncGenerator<AuditPage> {
  let left = most;
  let before: string | null = null;
  do {
    const page: AuditPage = await client.audit.list(filter, {
      ...(before !== null && { before }),
      limit: Math.min(left, LARGEST_PAGE),
    });
    yield page;
    left -= page.items.length;
    before = page.next;
  } while (left > 0 && before !== null);
}

async function list(client: Client, filter: AuditFilter, most: number): Promise<AuditPage> {
  const items: AuditItem[] = [];
  let end: Omit<AuditPage, "items"> = { next: null, damage: null };
  for await (const { items: more, ...rest } of pages(client, filter, most)) {
    items.push(...more);
    end = rest;
  }
  return { items, ...end };
}

function time(text: string): string {
  const at = /^\d{4}-\d\d-\d\d$/.test(text) ? `${text}T00:00:00Z` : text;
  if (/^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)$/.test(at)) return at;
  throw new InvalidArgumentError("fix: 2026-11-22, or 2026-11-22T12:00:00Z");
}

function count(text: string): number {
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text);
  throw new InvalidArgumentError("fix: a number from 1 on");
}

function headCommand({ withServer, screen }: AuditParts): Command {
  return new Command("head")
    .description("sign how far the trail goes now, for you to keep off this machine")
    .addHelpText("after", "\nExample:\n  $ mainstay audit head > /mnt/elsewhere/audit.head")
    .action(() =>
      withServer(async (client) => {
        screen.json(await client.audit.head());
        return exit.ok;
      }),
    );
}
