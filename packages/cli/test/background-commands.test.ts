import type { Command, CommandNews } from "@mainstay/sdk/commands";
import { expect, test } from "vitest";
import {
  backgroundLine,
  createBackgroundCommands,
} from "../src/conversation/background-commands.ts";
import { ended, running } from "./some-commands.ts";

const named = (id: string, command: Command) => ({ ...command, id });

test("what runs already is told once, each end once, and what ended unheard as that", () => {
  const commands = createBackgroundCommands();
  const heard = (news: CommandNews) => commands.hear(news).map(backgroundLine);
  const [a, b] = [named("cmd_a", running), named("cmd_b", running)];
  const foreground = { ...named("cmd_f", running), background: false };
  expect(heard({ type: "snapshot", items: [a, foreground] })).toEqual([
    "In the background runs npm test\\u{1b} ⏎ echo x — /commands",
  ]);
  expect(heard({ type: "began", command: b })).toEqual([]);
  expect(heard({ type: "ended", command: named("cmd_b", ended) })).toEqual([
    "In the background: npm test\\u{1b} ⏎ echo x — ran to its end: exit code 3 after 2 min — mainstay commands cmd_b --output",
  ]);
  expect(heard({ type: "ended", command: { ...foreground, outcome: ended.outcome } })).toEqual([]);
  expect(heard({ type: "snapshot", items: [] })).toEqual([
    "In the background: npm test\\u{1b} ⏎ echo x has ended — mainstay commands cmd_a",
  ]);
  expect(heard({ type: "snapshot", items: [] })).toEqual([]);
});

test("several that run already are told in one line, none in none", () => {
  const two: CommandNews = { type: "snapshot", items: [running, named("cmd_2", running)] };
  expect(createBackgroundCommands().hear(two).map(backgroundLine)).toEqual([
    "2 commands run in the background — /commands",
  ]);
  expect(createBackgroundCommands().hear({ type: "snapshot", items: [] })).toEqual([]);
});
