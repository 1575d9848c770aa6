import type { Command, CommandNews } from "@mainstay/sdk/commands";
import { commandLine } from "../terminal/escape.ts";
import { standingOf } from "./command-lines.ts";

export type BackgroundChange =
  /** Run already when they were first heard of. */
  | { kind: "run"; commands: Command[] }
  | { kind: "ended"; command: Command }
  /** It ended while the connection was lost; how is not known. */
  | { kind: "gone"; command: Command };

/** What becomes of the commands that go on without their turns. */
export function createBackgroundCommands(): { hear(news: CommandNews): BackgroundChange[] } {
  let running: ReadonlyMap<string, Command> | undefined;
  return {
    hear(news) {
      const before = running ?? new Map<string, Command>();
      switch (news.type) {
        case "snapshot": {
          const commands = news.items.filter(({ background }) => background);
          const is_first = running === undefined;
          running = new Map(commands.map((command) => [command.id, command]));
          if (is_first) return commands.length === 0 ? [] : [{ kind: "run", commands }];
          const gone = [...before.values()].filter(({ id }) => !running?.has(id));
          return gone.map((command) => ({ kind: "gone", command }));
        }
        case "began":
          if (news.command.background)
            running = new Map([...before, [news.command.id, news.command]]);
          return [];
        case "ended":
          running = new Map([...before].filter(([id]) => id !== news.command.id));
          return news.command.background ? [{ kind: "ended", command: news.command }] : [];
      }
    },
  };
}

/** `In the background: npm test — ran to its end: exit code 0 — mainstay commands cmd_1 --output` */
export function backgroundLine(change: BackgroundChange): string {
  switch (change.kind) {
    case "run": {
      const [first, ...others] = change.commands;
      if (first && others.length === 0)
        return `In the background runs ${shortOf(first)} — /commands`;
      return `${change.commands.length} commands run in the background — /commands`;
    }
    case "ended":
      return `In the background: ${shortOf(change.command)} — ${standingOf(change.command)} — mainstay commands ${change.command.id} --output`;
    case "gone":
      return `In the background: ${shortOf(change.command)} has ended — mainstay commands ${change.command.id}`;
  }
}

const COMMAND_CHARS = 60;
const shortOf = ({ command }: Command): string => commandLine(command, COMMAND_CHARS);
