import type { Client } from "@mainstay/sdk/client";
import { Command } from "commander";
import { type ChatParts, converse } from "../conversation/converse.ts";
import type { WithServer } from "../program.ts";

interface ChatOptions {
  session?: string;
  workspace?: string;
  json?: boolean;
}

export function chatCommand(
  parts: Omit<ChatParts, "client"> & { withServer: WithServer },
): Command {
  return new Command("chat")
    .description("talk to it line by line in one session")
    .option("--session <id>", "go on with this session, in its folder")
    .option("--workspace <id-or-path>", "work there instead of in the current folder")
    .option("--json", "print each turn as one line of JSON when it has ended")
    .addHelpText(
      "after",
      "\nExample:\n  $ mainstay chat\n  › what changed since yesterday?\n  › !git log -3",
    )
    .action((options: ChatOptions) =>
      parts.withServer((client: Client) => converse(options, { ...parts, client })),
    );
}
