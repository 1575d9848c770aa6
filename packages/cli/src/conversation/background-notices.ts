/**
 * Tells a person in a chat what becomes of their commands in the background. It is an extra: where
 * the server has no news the chat goes on without.
 */
import { Unreachable } from "@mainstay/sdk/call";
import type { Client } from "@mainstay/sdk/client";
import { backgroundLine, createBackgroundCommands } from "./background-commands.ts";
import type { PromptNews } from "./prompt-news.ts";

export interface BackgroundParts {
  client: Pick<Client, "commands">;
  news: Pick<PromptNews, "add" | "changed">;
}

export function openBackgroundNotices({ client, news }: BackgroundParts): {
  close(): Promise<void>;
} {
  const stop = new AbortController();
  const commands = createBackgroundCommands();
  const lines: string[] = [];

  async function listen(): Promise<void> {
    while (!stop.signal.aborted) {
      try {
        for await (const event of client.commands.news({ signal: stop.signal })) {
          lines.push(...commands.hear(event).map(backgroundLine));
          news.changed();
        }
      } catch (fault) {
        if (!(fault instanceof Unreachable)) return;
      }
    }
  }

  news.add(() => lines.splice(0));
  const listening = listen();
  return {
    async close() {
      stop.abort();
      await listening;
    },
  };
}
