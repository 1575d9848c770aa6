import type { FileChange, TurnChanges } from "@mainstay/sdk/changes";
import { Command } from "commander";
import { exit } from "../exit.ts";
import type { WithServer } from "../program.ts";
import { escapePath, oneLine } from "../terminal/escape.ts";
import type { Screen } from "../terminal/screen.ts";

const GAP_CHARS = 300;

export function changesCommand(parts: { withServer: WithServer; screen: Screen }): Command {
  const { withServer, screen } = parts;
  return new Command("changes")
    .description("tell what a turn changed in its workspace, by its edits and its commands")
    .argument("<turn-id>")
    .option("--json", "print the changes, with hashes before and after, as JSON")
    .addHelpText("after", "\nExample:\n  $ mainstay changes turn_0123456789abcdef")
    .action((turn_id: string, { json }: { json?: boolean }) =>
      withServer(async (client) => {
        const changes = await client.turns.changes(turn_id);
        if (json) screen.json(changes);
        else linesOf(changes).forEach((line) => screen.print(line));
        return exit.ok;
      }),
    );
}

function linesOf({ files, more, gaps, not_entered, sources }: TurnChanges): string[] {
  if (sources.length === 0) return ["This turn changed nothing."];
  return [
    ...files.map(lineOf),
    ...(more === 0 ? [] : [`and ${more} more changes that are not listed`]),
    ...(files.length + more === 0 ? ["Nothing was seen to change."] : []),
    ...(not_entered.length === 0
      ? []
      : [`Not looked into: ${not_entered.map(escapePath).join(", ")}`]),
    ...gaps.map((gap) => `! ${oneLine(gap, GAP_CHARS)}`),
  ];
}

function lineOf({ path, kind, before, after }: FileChange): string {
  const name = escapePath(path);
  if (kind === "folder") return `changed   ${name} (not looked into)`;
  if (before === null) return `created   ${name}${sizeOf(after?.size_bytes)}`;
  return after === null ? `deleted   ${name}` : `modified  ${name}${sizeOf(after.size_bytes)}`;
}

const sizeOf = (size_bytes: number | null | undefined): string =>
  size_bytes == null ? "" : ` (${size_bytes} bytes)`;
