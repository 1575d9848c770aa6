import type { Client } from "@mainstay/sdk/client";
import { Command } from "commander";
import { createConnectionLine } from "../conversation/connection-line.ts";
import { printPending, printWaiting } from "../conversation/decide-pending.ts";
import { createPendingApprovals, endLine } from "../conversation/pending-approvals.ts";
import { wholeList } from "../conversation/whole-list.ts";
import { exit, type ExitCode } from "../exit.ts";
import type { WithServer } from "../program.ts";
import type { Interrupts } from "../terminal/interrupts.ts";
import type { Screen } from "../terminal/screen.ts";

export interface ApprovalsParts {
  withServer: WithServer;
  screen: Screen;
  interrupts: Interrupts;
}

interface ApprovalsOptions {
  follow?: boolean;
  json?: boolean;
}

export function approvalsCommand(parts: ApprovalsParts): Command {
  const { withServer, screen } = parts;
  return new Command("approvals")
    .description("list what waits for your consent")
    .option("--follow", "stay, and tell what comes and what becomes of it; Ctrl-C leaves")
    .option("--json", "print {items, next} as JSON; with --follow each change as a line of JSON")
    .addHelpText("after", "\nExample:\n  $ mainstay approvals\n  $ mainstay approvals --follow")
    .action(({ follow: follows, json = false }: ApprovalsOptions) =>
      withServer(async (client) => {
        if (follows) return follow(client, json, parts);
        if (json) screen.json(await wholeList(client.approvals.list));
        else await printPending(client, screen);
        return exit.ok;
      }),
    );
}

async function follow(
  client: Client,
  json: boolean,
  { screen, interrupts }: ApprovalsParts,
): Promise<ExitCode> {
  const pending = createPendingApprovals();
  const left = new AbortController();
  const stop = interrupts.listen(() => left.abort());
  const { on_lost, on_back } = createConnectionLine({ screen, asker: undefined });
  try {
    for await (const news of client.approvals.events({ signal: left.signal, on_lost, on_back })) {
      const changes = pending.hear(news);
      if (json) screen.json(news);
      else if (news.type === "snapshot" && pending.items().length === 0)
        screen.note("Nothing waits for your consent; what comes is told here.", "dim");
      if (json) continue;
      for (const change of changes)
        if (change.kind === "asked") printWaiting(change.approval, screen);
        else screen.print(endLine(change));
    }
  } finally {
    stop();
  }
  return exit.interrupted;
}
